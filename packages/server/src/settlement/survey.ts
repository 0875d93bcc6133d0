import {
  CHAIN_START,
  ChainCheck,
  type Effect,
  type Flaw,
  privatePart,
  type Sha256,
  StretchSums,
  wantedPrivate,
} from "@tillsync/protocol";
import type { TerminalLife } from "../ingest/ports.ts";
import type { ClosePlace, SettlementTransaction, StoredRow } from "./ports.ts";

/** A change of the shift that people have to look at. */
export interface Exception {
  readonly seq: number;
  readonly effect: Effect;
  readonly code: string | null;
}

/** What the stored bytes of a shift come to, read from the first to the last. */
export interface Survey {
  readonly sums: StretchSums;
  readonly flaws: readonly Flaw[];
  /** Rows without intact bytes, found now or before, by seq. */
  readonly lost: readonly number[];
  /** Rows with intact bytes that lack their private part, by seq. */
  readonly privates: readonly number[];
  /** Rows with a private part that is none of theirs. */
  readonly strays: readonly number[];
  /** Effects of rows that are not lost, and were not applied. */
  readonly exceptions: readonly Exception[];
  /** Hash of the last change before the closing. */
  readonly chainHead: string | null;
  /** True when some change waits to be interpreted: nothing can be said yet. */
  readonly isPending: boolean;
}

/** Exceptions that a judgement holds: past that a till's program is wrong, and the first of them say how. */
export const MAX_EXCEPTIONS = 10_000;

/**
 * Reads a shift from its stored bytes, a page at a time. The rows before and behind it are looked at, too: only with both
 * neighbours a change can be told apart from one that was altered.
 */
export async function surveyShift(
  tx: SettlementTransaction,
  { sha256 }: { sha256: Sha256 },
  place: ClosePlace,
  openSeq: number,
): Promise<Survey> {
  const mark = (await tx.mark(place)) ?? { seq: place.seq, hash: CHAIN_START };
  const fromSeq = Math.max(1, openSeq - 1);
  const toSeq = Math.min(place.seq + 1, mark.seq);
  const check = new ChainCheck(sha256, place, { fromSeq, prevHash: await hashBefore(tx, place, fromSeq) });
  const sums = new StretchSums();
  const damaged = new Set<number>();
  const privates: number[] = [];
  const strays: number[] = [];
  const exceptions: Exception[] = [];
  let chainHead: string | null = null;
  let isPending = false;
  for (let from = fromSeq; from <= toSeq; ) {
    const page = await tx.rows(place, from, toSeq);
    for (const row of page) {
      const isIntact = check.add(row) && !row.damaged;
      if (row.damaged) damaged.add(row.seq);
      if (row.seq === place.seq - 1) chainHead = row.hash;
      if (row.seq < openSeq || row.seq > place.seq) continue;
      isPending ||= row.effect === "pending";
      if (row.effect !== "applied" && exceptions.length < MAX_EXCEPTIONS) exceptions.push(exceptionOf(row));
      const part = isIntact ? privatePart(sha256, wantedPrivate(row.body ?? ""), row.private) : "whole";
      if (part === "lost") privates.push(row.seq);
      else if (part === "stray") strays.push(row.seq);
      if (row.seq === place.seq) continue;
      if (isIntact && row.body !== null) sums.add(row.body);
      else sums.addUnread(row.kind);
    }
    from = (page.at(-1)?.seq ?? toSeq) + 1;
  }
  check.skipTo(toSeq + 1);
  const flaws = check.end(toSeq === mark.seq ? mark.hash : null);
  for (const { seq, what } of flaws) if (what !== "hash") damaged.add(seq);
  const lost = [...damaged].filter((seq) => seq >= openSeq && seq <= place.seq).sort((one, other) => one - other);
  return { sums, flaws, lost, privates, strays, exceptions, chainHead, isPending };
}

function exceptionOf({ seq, effect, code }: StoredRow): Exception {
  return { seq, effect, code };
}

async function hashBefore(tx: SettlementTransaction, life: TerminalLife, seq: number): Promise<string | null> {
  if (seq === 1) return CHAIN_START;
  const [row] = await tx.rows(life, seq - 1, seq - 1);
  return row?.hash ?? null;
}
