import type { FeedEntry, Settlement } from "@tillsync/protocol";
import { type Cursor, feedReset, formatCursor, parseCursor } from "./cursor.ts";
import type { FeedPage } from "./ports.ts";

/** What `READ_FEED` gives: the store's counter, and entries behind a cursor: of one terminal, or of all. */
export interface FeedRow {
  readonly epoch: string;
  /** Epochs before this one, each with the last number that it shares with it. */
  readonly former: readonly FormerEpoch[];
  readonly n: number;
  readonly chain: string;
  readonly cursorChain: string | null;
  readonly entries: readonly StoredEntry[];
}

export interface FormerEpoch {
  readonly epoch: string;
  readonly n: number;
}

export type StoredEntry = Omit<FeedEntry, "settlement" | "code" | "message" | "bodies" | "check"> & {
  readonly chain: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly settlement: Settlement | null;
  /** As in `Run`: told for the sake of others, and nothing new to its own terminal. */
  readonly again: boolean;
};

/**
 * A page of what became of a terminal's own changes, and the cursor behind it. One entry more than `limit` was read, which
 * tells whether there are more.
 *
 * @throws SyncError FEED_RESET
 */
export function pageOf(
  row: FeedRow,
  { cursor, storeId, limit }: { cursor: Cursor | null; storeId: number; limit: number },
): FeedPage {
  if (cursor && !fits(cursor, row, storeId)) throw feedReset();
  const page = row.entries.slice(0, limit);
  const last = page.at(-1);
  const more = row.entries.length > limit;
  const at = more && last ? last : row;
  return {
    entries: ownEntries(page),
    cursor: formatCursor({ epoch: row.epoch, storeId, n: at.n, chain: at.chain }),
    more,
  };
}

/** Undefined for a token that is none of ours: it is refused when its turn comes. */
export function cursorOf(token: string): Cursor | undefined {
  try {
    return parseCursor(token);
  } catch {
    return undefined;
  }
}

/**
 * A cursor fits when it is of this store, of this epoch or of what a former one shares with it, and the feed had that chain
 * value at its number.
 */
export function fits(cursor: Cursor, row: FeedRow, storeId: number): boolean {
  if (cursor.storeId !== storeId || cursor.n > row.n) return false;
  // Of what lies ahead of it, too: the entry that it stands inside of, and the end of what it was promised when it joined.
  const reach = Math.max(cursor.n + (cursor.within === undefined ? 0 : 1), cursor.join?.until ?? 0);
  const isShared = row.former.some(({ epoch, n }) => epoch === cursor.epoch && reach <= n);
  if (cursor.epoch !== row.epoch && !isShared) return false;
  return cursor.n === 0 || (row.cursorChain?.slice(0, 32) ?? "") === cursor.chain;
}

/** What became of a terminal's own changes. */
export function ownEntries(entries: readonly StoredEntry[]): FeedEntry[] {
  return entries.filter(({ again }) => !again).map(entryOf);
}

function entryOf({ chain: _chain, again: _again, code, message, settlement, ...entry }: StoredEntry): FeedEntry {
  return {
    ...entry,
    ...(code === null ? {} : { code }),
    ...(message === null ? {} : { message }),
    ...(settlement === null ? {} : { settlement }),
  };
}
