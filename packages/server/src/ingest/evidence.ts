import { type ExchangeRequest, SyncError } from "@tillsync/protocol";
import { cursorOf } from "./feed-page.ts";
import type { IngestTransaction } from "./ports.ts";

/** A refusal by which the till learns that this centre has less than it was told. */
export interface Lost {
  readonly kind: "lost";
  readonly refusal: SyncError;
}

/**
 * What a refusal shows of this centre itself. Marks and cursors are answered once they are committed, so a till that knows
 * of more proves that this database was restored from an earlier one, even when nobody said so: the feed goes on under
 * another epoch, before a number of it means two things. It costs a reset only those who have seen what is lost.
 *
 * @returns undefined when it shows nothing
 */
export async function lossShownBy(
  cause: unknown,
  tx: Pick<IngestTransaction, "renewFeed">,
  request: ExchangeRequest,
): Promise<Lost | undefined> {
  if (!(cause instanceof SyncError) || request.cursor === null) return undefined;
  const proves = cause.code === "FEED_RESET" || (cause.code === "GAP" && sendsBehindItsMark(request));
  const epoch = cursorOf(request.cursor)?.epoch;
  // In another epoch than the present one the loss is known, or it is another feed: then nothing is renewed.
  if (!proves || epoch === undefined || !(await tx.renewFeed(epoch))) return undefined;
  return { kind: "lost", refusal: cause };
}

/** A second exchange in flight begins behind the first and may overtake it; it asks for no feed. */
function sendsBehindItsMark({ feed }: ExchangeRequest): boolean {
  return feed !== undefined && feed !== "none";
}
