import { hash } from "node:crypto";
import type { FeedEntry, Settlement } from "@tillsync/protocol";
import { type Cursor, feedReset, formatCursor, type Run, type TerminalLife } from "@tillsync/server/ingest";
import type { View } from "./overlay.ts";
import { refuseNul } from "./postgres-limits.ts";
import { COUNTER, type FeedRow } from "./tables.ts";

/** Appends to the store's feed; the caller holds the counter's lock until it commits. */
export function appendRuns(
  view: View,
  life: TerminalLife,
  runs: readonly (Run & { readonly settlement?: Settlement })[],
): void {
  const counter = view.counter.get(COUNTER);
  if (counter === undefined) return;
  const chain = hash("sha256", counter.chain + JSON.stringify([life, runs]), "hex");
  for (const [index, run] of runs.entries()) {
    refuseNul(run.code, run.message);
    const n = counter.n + index + 1;
    view.feed.put(String(n), { n, chain, ...life, ...run });
  }
  view.counter.put(COUNTER, { ...counter, n: counter.n + runs.length, chain });
}

export interface FeedQuestion {
  readonly storeId: number;
  readonly terminal: string;
  readonly cursor: Cursor | null;
  readonly limit: number;
}

/** @throws SyncError FEED_RESET when the cursor is of another history */
export function readFeed(
  view: View,
  { storeId, terminal, cursor, limit }: FeedQuestion,
): { entries: FeedEntry[]; cursor: string; more: boolean } {
  const counter = view.counter.get(COUNTER);
  if (counter === undefined) throw new Error("this store has no feed counter");
  if (cursor) {
    const chain = view.feed.get(String(cursor.n))?.chain.slice(0, 32) ?? "";
    const fits = cursor.storeId === storeId && cursor.epoch === counter.epoch && cursor.n <= counter.n;
    if (!fits || (cursor.n > 0 && chain !== cursor.chain)) throw feedReset();
  }
  const rows: FeedRow[] = [];
  for (let n = (cursor?.n ?? 0) + 1; n <= counter.n && rows.length <= limit; n++) {
    const row = view.feed.get(String(n));
    if (row?.terminal === terminal) rows.push(row);
  }
  const more = rows.length > limit;
  const page = rows.slice(0, limit);
  const at = (more ? page.at(-1) : undefined) ?? counter;
  const next = formatCursor({ epoch: counter.epoch, storeId, n: at.n, chain: at.chain });
  return { entries: page.map(entryOf), cursor: next, more };
}

function entryOf({ chain: _chain, code, message, ...entry }: FeedRow): FeedEntry {
  return { ...entry, ...(code === null ? {} : { code }), ...(message === null ? {} : { message }) };
}
