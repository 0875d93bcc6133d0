import type { Profile } from "@tillsync/lanes";
import { minutes, seconds } from "./times.ts";

/**
 * How long an idle till may take to notice that its centre answers properly again, with no new sale and nobody pressing
 * anything: the slow period of its profile, spread by a tenth.
 */
export const NOTICED_WITHIN_MS: Readonly<Record<Profile, number>> = {
  shift: minutes(22),
  continuous: minutes(5.5),
  live: minutes(1.1),
};

/** For the work of a backlog of a few thousand changes: batches that failures have made small, and one hung exchange. */
export const WORK_MS = seconds(60);
