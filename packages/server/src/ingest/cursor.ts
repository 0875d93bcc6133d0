import { SyncError } from "@tillsync/protocol";

/** Where a reader of the feed stands; it must prove a shared history, not only name a number (design section 2). */
export interface Cursor {
  readonly epoch: string;
  readonly storeId: number;
  readonly n: number;
  /** Chain value at `n`; empty at 0. */
  readonly chain: string;
}

export function formatCursor({ epoch, storeId, n, chain }: Cursor): string {
  return `${epoch}.${storeId}.${n}.${n === 0 ? "" : chain.slice(0, 32)}`;
}

/** @throws SyncError FEED_RESET for a token that is not one of ours */
export function parseCursor(token: string): Cursor {
  const match = /^([0-9a-f-]{36})\.(\d{1,10})\.(\d{1,15})\.([0-9a-f]{32})?$/.exec(token);
  if (!match) throw feedReset();
  const [, epoch = "", storeId, n, chain = ""] = match;
  return { epoch, storeId: Number(storeId), n: Number(n), chain };
}

export function feedReset(): SyncError {
  return new SyncError("FEED_RESET", "The cursor belongs to another history of this feed; start again without one.", {
    field: "cursor",
  });
}
