import { type HeadRow, headKey, type StoreTables } from "../centre/tables.ts";
import type { Entry } from "./till-view.ts";

/** Keys of rows that were sent again, by where they stood first. Looked for after every event, so it is kept until rows are added. */
const kept = new WeakMap<StoreTables["heads"], { readonly size: number; readonly index: Map<string, string> }>();

function sentAgain({ heads }: StoreTables): Map<string, string> {
  const known = kept.get(heads);
  if (known?.size === heads.size) return known.index;
  const index = new Map<string, string>();
  for (const [key, { terminal, origin }] of heads) if (origin !== null) index.set(originKey(terminal, origin), key);
  kept.set(heads, { size: heads.size, index });
  return index;
}

function originKey(terminal: string, origin: { incarnation: string; seq: number; hash: string }): string {
  return `${headKey(terminal, origin.incarnation, origin.seq)} ${origin.hash}`;
}

/** Where the centre has a change of a till: at its place, or where it was sent again in a later life. */
export function headOf(
  tables: StoreTables,
  terminal: string,
  entry: Pick<Entry, "incarnation" | "seq" | "hash" | "origin">,
): HeadRow | undefined {
  const there = tables.heads.get(headKey(terminal, entry.incarnation, entry.seq));
  if (there?.hash === entry.hash) return there;
  const index = sentAgain(tables);
  const key = index.get(originKey(terminal, entry)) ?? (entry.origin && index.get(originKey(terminal, entry.origin)));
  return key ? tables.heads.get(key) : there;
}

/** Whether a row was sent again in a later life. */
export function isSentAgain(tables: StoreTables, { terminal, incarnation, seq, hash }: HeadRow): boolean {
  return sentAgain(tables).has(originKey(terminal, { incarnation, seq, hash }));
}
