import { seconds } from "./times.ts";

/**
 * How long a till that had missed its centre may take to notice that it answers properly again, in every profile, with no
 * new sale and nobody pressing anything (design section 2).
 */
export const NOTICED_WITHIN_MS = seconds(30);

/** For the work of a backlog of a few thousand changes: batches that failures have made small, and one hung exchange. */
export const WORK_MS = seconds(60);
