import { type Comparison, type ExchangeResponse, LIMITS, PROTOCOL_VERSION } from "@tillsync/protocol";
import type { FeedPage, Mark } from "./ports.ts";

interface Standing {
  readonly mark: Mark;
  readonly feed: FeedPage;
  /** Rows that the centre holds without intact bytes. */
  readonly need: ExchangeResponse["need"];
  readonly nowMs: number;
  readonly comparison?: Comparison | undefined;
}

/** What an exchange is answered, once all of it is committed. */
export function answerOf(serverEpoch: string, { mark, feed, need, nowMs, comparison }: Standing): ExchangeResponse {
  return {
    protocolVersion: PROTOCOL_VERSION,
    serverEpoch,
    durableThrough: mark.durableThrough,
    chainHash: mark.chainHash,
    backedUpThrough: mark.backedUpThrough,
    need,
    give: [],
    entries: [...feed.entries],
    cursor: feed.cursor,
    more: feed.more,
    ...(feed.joining === true ? { joining: true } : {}),
    receiptCounter: mark.receipt,
    ...(comparison === undefined ? {} : { comparison }),
    serverTimeMs: nowMs,
    limits: {
      maxChangeBytes: LIMITS.maxChangeBytes,
      maxBatchChanges: LIMITS.maxBatchChanges,
      maxRequestBytes: LIMITS.maxRequestBytes,
    },
    pacing: { notBeforeMs: 0 },
  };
}
