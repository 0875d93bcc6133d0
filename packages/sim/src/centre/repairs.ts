import { CHAIN_START, type FoundRow } from "@tillsync/protocol";
import type { IngestTransaction, TerminalLife } from "@tillsync/server/ingest";
import type { View } from "./overlay.ts";
import { GONE } from "./rot.ts";
import { PENDING } from "./row-rules.ts";
import { type HeadRow, headKey, lifeKey, type SettlementAt } from "./tables.ts";

/** The hash of a row of which nothing is left. */
export const LOST = "0".repeat(64);

/** `REPAIR_HEAD`: one that was judged by bytes which were not its own is judged again. */
export function repaired(row: HeadRow, change: Parameters<IngestTransaction["repair"]>[2]): HeadRow {
  const isMisjudged =
    (row.effect === "parked" && row.code === "BODY_DAMAGED") || (row.effect === "conflict" && row.repeat);
  return { ...row, ...change, ...(isMisjudged ? PENDING : {}), damaged: false };
}

/** `PUT_PRIVATE` or `DROP_PRIVATE`, and `RELEASE_PRIVATE`. */
export function withPrivate(row: HeadRow, text: string | null): HeadRow {
  const isMisjudged = row.effect === "parked" && row.code === "PRIVATE_MISMATCH";
  return { ...row, ...(isMisjudged ? PENDING : {}), private: text };
}

/** `WAKE_WAITING`: the rows to change, and what becomes of each. */
export function waitingFor(view: View, localId: string | null): string[] {
  if (localId === null) return [];
  const rows = [...view.heads.values()].filter((row) => row.localId === localId && row.effect === "waiting");
  return rows.map(({ terminal, incarnation, seq }) => headKey(terminal, incarnation, seq));
}

export function woken(row: HeadRow): HeadRow {
  return row.effect === "waiting" ? { ...row, ...PENDING } : row;
}

/** `READ_AROUND` and `READ_END`. */
export async function rowsAround(
  view: View,
  life: TerminalLife,
  seqs: readonly number[],
): ReturnType<IngestTransaction["around"]> {
  const found = new Map<number, FoundRow>();
  for (const seq of seqs.flatMap((place) => [place - 1, place, place + 1])) {
    const row = view.heads.get(headKey(life.terminal, life.incarnation, seq));
    if (row) found.set(seq, foundRow(row));
  }
  const mark = view.lives.get(lifeKey(life.terminal, life.incarnation));
  return { found, known: { seq: mark?.durableThrough ?? 0, hash: mark?.chainHash ?? CHAIN_START } };
}

export function foundRow({ seq, hash, body, origin }: HeadRow): FoundRow {
  return { seq, hash: hash === LOST ? null : hash, body: body === GONE ? null : body, origin: origin ?? undefined };
}

/** Judged shifts of a life whose stretch holds one of these changes. */
export function shiftsOf(
  view: View,
  life: TerminalLife,
  seqs: readonly number[],
): { key: string; row: SettlementAt }[] {
  return [...view.settlements.values()].flatMap((row) => {
    const isOf = row.terminal === life.terminal && row.incarnation === life.incarnation;
    if (!isOf || !seqs.some((seq) => holds(row, seq))) return [];
    return [{ key: headKey(row.terminal, row.incarnation, row.seq), row }];
  });
}

export function holds({ judgement, seq: closing }: SettlementAt, seq: number): boolean {
  return seq >= judgement.openSeq && seq <= closing;
}

export function markDue(view: View, key: string, healed: readonly number[]): void {
  const row = view.settlements.get(key);
  if (row === undefined) return;
  const more = healed.filter((seq) => holds(row, seq) && !row.healed.includes(seq));
  view.settlements.put(key, { ...row, healed: [...row.healed, ...more], due: true });
}
