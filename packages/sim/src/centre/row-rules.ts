import { type Effect, SyncError } from "@tillsync/protocol";
import type { Mark, TerminalLife } from "@tillsync/server/ingest";
import type { HeadRow } from "./tables.ts";

export type Place = TerminalLife & { readonly seq: number };

export const UNSETTLED: ReadonlySet<Effect> = new Set(["pending", "waiting", "parked"]);
/** What `resolve` may still change. */
export const RESOLVABLE: ReadonlySet<Effect | undefined> = new Set<Effect>(["parked", "pending"]);
/** Its turn again. */
export const PENDING = { effect: "pending", code: null, message: null } as const;

/** The CASE of the statement: a pending change of another terminal holds nobody up. */
export function blocks(row: HeadRow, before: Place | undefined): boolean {
  if (!UNSETTLED.has(row.effect)) return false;
  if (before === undefined) return row.effect !== "pending";
  return isOf(row, before) ? row.seq < before.seq : row.effect === "parked";
}

export function isOf(row: TerminalLife, life: TerminalLife): boolean {
  return row.terminal === life.terminal && row.incarnation === life.incarnation;
}

/** A lost connection is nobody's savepoint to undo. */
export function isLost(failure: unknown): boolean {
  return failure instanceof SyncError && failure.code === "UNAVAILABLE";
}

export function count<Row>(rows: Iterable<Row>, wanted: (row: Row) => boolean): number {
  let found = 0;
  for (const row of rows) if (wanted(row)) found++;
  return found;
}

export function laterReceipt(standing: Mark["receipt"], next: Mark["receipt"]): Mark["receipt"] {
  if (next === null || (standing !== null && standing.businessDate > next.businessDate)) return standing;
  if (standing?.businessDate !== next.businessDate) return next;
  return { ...next, sequence: Math.max(standing.sequence, next.sequence) };
}
