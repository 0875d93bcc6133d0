import {
  type Amount,
  ChainCheck,
  type Flaw,
  type Missing,
  type OrderClosed,
  type Origin,
  parseReceiptNumber,
  type Sha256,
  StretchSums,
} from "@tillsync/protocol";
import { type Journal, type JournalRow, type Life, positionOf, seqOf } from "./journal.ts";
import type { Sql } from "./ports.ts";

/** What a till's own rows of a shift come to. */
export interface OwnRows {
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly Amount[];
  /** Rows that are lost or damaged here, or lack their private part, by seq. */
  readonly lacks: readonly number[];
}

export interface OwnJournal {
  readonly journal: Journal;
  readonly sha256: Sha256;
  readonly commit: (fn: (tx: Sql) => void) => void;
}

/** Rows read at a time. */
const PAGE = 500;
/** Losses that are kept in mind at a time; when these are back, the next are found. */
const MAX_LACKS = 10_000;

/**
 * Looks at the till's rows of one shift, `openSeq` to the closing at `seq`. A hash whose bytes are right is put right
 * here, and a private part where none belongs goes; what is missing or altered is told.
 */
export function lookAtOwn(own: OwnJournal, life: Life, shift: { openSeq: number; seq: number }): OwnRows {
  const first = survey(own, life, shift);
  const hashes = first.flaws.flatMap((flaw) => (flaw.what === "hash" ? [flaw] : []));
  const { strays } = first;
  if (hashes.length + strays.length > 0) {
    own.commit((tx) => {
      for (const seq of strays)
        tx.run("UPDATE journal SET private = NULL WHERE position = ?", positionOf(life.ordinal, seq));
      noteHealed(tx, life.ordinal, strays);
      for (const { seq, hash } of hashes) {
        tx.run("UPDATE journal SET hash = unhex(?) WHERE position = ?", hash, positionOf(life.ordinal, seq));
        noteHealed(tx, life.ordinal, [seq]);
      }
    });
  }
  const { sums, flaws, privates } = hashes.length > 0 ? survey(own, life, shift) : first;
  const lost = [...new Set([...flaws.flatMap(({ seq, what }) => (what === "hash" ? [] : [seq])), ...privates])];
  return { counts: sums.counts(), totals: sums.totals(), lacks: ofShift(lost, shift).slice(0, MAX_LACKS) };
}

/** A neighbour of the shift is another one's to heal, unless a row of this one can only be told by it. */
function ofShift(lost: readonly number[], { openSeq, seq }: { openSeq: number; seq: number }): number[] {
  const all = new Set(lost);
  return lost.filter(
    (at) =>
      (at >= openSeq && at <= seq) || (at === openSeq - 1 && all.has(openSeq)) || (at === seq + 1 && all.has(seq)),
  );
}

/** Notes in the shift that they belong to which rows were wrong and are right again. */
export function noteHealed(tx: Sql, ordinal: number, seqs: readonly number[]): void {
  for (const seq of seqs) {
    tx.run(
      `UPDATE settlement SET healed = json_insert(healed, '$[#]', ?) WHERE position = (
         SELECT min(position) FROM settlement WHERE position >= ? AND position < ?)
       AND NOT EXISTS (SELECT 1 FROM json_each(healed) WHERE value = ?)`,
      seq,
      positionOf(ordinal, seq),
      positionOf(ordinal + 1, 0),
      seq,
    );
  }
}

function survey(
  { journal, sha256 }: OwnJournal,
  life: Life,
  { openSeq, seq }: { openSeq: number; seq: number },
): { sums: StretchSums; flaws: readonly Flaw[]; privates: readonly number[]; strays: readonly number[] } {
  const { terminal } = journal;
  const fromSeq = Math.max(1, openSeq - 1);
  const toSeq = Math.min(seq + 1, life.headSeq);
  const prevHash = journal.hashAt(life.ordinal, fromSeq - 1) ?? null;
  const check = new ChainCheck(sha256, { terminal, incarnation: life.incarnation }, { fromSeq, prevHash });
  const sums = new StretchSums();
  const privates: number[] = [];
  const strays: number[] = [];
  for (let from = fromSeq; from <= toSeq; ) {
    const rows = journal.range(life.ordinal, from, Math.min(PAGE, toSeq - from + 1));
    for (const row of rows) {
      const at = seqOf(row.position);
      if (at > toSeq) break;
      const isIntact = check.add(foundRow(row));
      if (at < openSeq || at > seq) continue;
      const part = isIntact ? journal.privatePart(row) : "whole";
      if (part === "lost") privates.push(at);
      else if (part === "stray") strays.push(at);
      if (at === seq) continue;
      if (isIntact) sums.add(row.body);
      else sums.addUnread(row.kind);
    }
    const last = rows.at(-1);
    from = last === undefined ? toSeq + 1 : seqOf(last.position) + 1;
  }
  check.skipTo(toSeq + 1);
  return { sums, flaws: check.end(toSeq === life.durableThrough ? life.durableHash : null), privates, strays };
}

/** A journal row as the chain is checked with it. */
export function foundRow({ position, hash, body, origin, retired }: JournalRow) {
  return {
    seq: seqOf(position),
    hash,
    body: retired === null ? body : null,
    origin: origin === null ? undefined : (JSON.parse(origin) as Origin),
  };
}

/** A row whose bytes give their hash, as far as the till itself can tell. */
export function intactRow(journal: Journal, { ordinal, incarnation }: Life, seq: number): JournalRow | undefined {
  const row = journal.row(ordinal, seq);
  const prevHash = journal.hashAt(ordinal, seq - 1);
  return row && prevHash !== undefined && journal.intact(incarnation, row, prevHash) ? row : undefined;
}

/** What the till says that it lacks: all of a row, or the private part of one whose bytes are right. */
export function lackOf(journal: Journal, life: Life, seq: number): Missing {
  const { incarnation } = life;
  return intactRow(journal, life, seq) ? { incarnation, seq, private: true } : { incarnation, seq };
}

/** The columns that are found by, as the journal wrote them when the change was made. */
export function columnsOf(body: string) {
  try {
    const { kind, localId, version, businessDate, payload } = JSON.parse(body) as Record<string, unknown>;
    const { receiptNumber } = (payload ?? {}) as Partial<OrderClosed>;
    return {
      kind: String(kind),
      localId: String(localId),
      version: Number(version),
      businessDate: String(businessDate),
      receiptSequence: kind === "order.closed" ? parseReceiptNumber(String(receiptNumber)).sequence : null,
    };
  } catch {
    return { kind: "unreadable", localId: "", version: 0, businessDate: "", receiptSequence: null };
  }
}
