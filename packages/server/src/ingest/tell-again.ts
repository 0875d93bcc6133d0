import type { Effect } from "@tillsync/protocol";
import type { TerminalLife } from "./ports.ts";
import type { Query } from "./postgres-query.ts";
import { runsOf } from "./runs.ts";
import { READ_TELLABLE } from "./statements.ts";
import { appendFeed } from "./store-at-once.ts";

/** Changes of one life whose bytes are right since now. */
export interface Healed extends TerminalLife {
  readonly seqs: readonly number[];
}

/**
 * Which changes were perhaps left out of the feed for what is right again: those themselves, and behind a hash that is
 * another one now the change that is hashed with it.
 */
export function toTellAgain(rows: readonly { readonly seq: number; readonly isNewHash: boolean }[]): number[] {
  const seqs = rows.flatMap(({ seq, isNewHash }) => (isNewHash ? [seq, seq + 1] : [seq]));
  return [...new Set(seqs)].sort((one, other) => one - other);
}

/** `tellAgain` of both kinds of transaction on PostgreSQL. */
export async function tellAgain(
  query: Query,
  life: TerminalLife,
  seqs: readonly number[],
  nowMs: number,
): Promise<void> {
  if (seqs.length === 0) return;
  type Row = { seq: number; effect: Effect; code: string | null; message: string | null };
  const rows = await query<Row>(READ_TELLABLE, life.terminal, life.incarnation, seqs);
  const { terminal, incarnation } = life;
  const runs = runsOf(rows).map((run) => ({ ...run, again: true }));
  await appendFeed(query, [{ terminal, incarnation, runs }], nowMs);
}
