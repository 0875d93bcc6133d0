import type { JournalReader } from "@tillsync/engine/sqlite";
import type { Difference } from "./compare.ts";

/** A receipt number's place: sequences run from 1 on every business date. */
export interface ReceiptPlace {
  readonly businessDate: string;
  readonly sequence: number;
}

/** Numbers of a business date that the till passed over, as it noted down: head office had documents with them. */
export interface ReceiptFloor {
  readonly businessDate: string;
  readonly from: number;
  readonly to: number;
}

/** Numbers without a document on either side, and the cause that is recorded for it. */
export interface ExplainedGap extends ReceiptFloor {
  readonly incarnation: string;
  readonly cause: "rolled back" | "lost with an earlier life";
}

export interface GapSearch {
  readonly incarnation: string;
  /** In order of date and sequence. */
  readonly receipts: Iterable<ReceiptPlace>;
  readonly floors: readonly ReceiptFloor[];
  /** What it means in this life that the till passed numbers over. */
  readonly cause: ExplainedGap["cause"];
}

/**
 * Receipt numbers of a day that have no document: sequences run from 1 without gaps, since a number is issued in its
 * sale's own transaction. Those that the till knows to be lost are explained, all others are differences.
 */
export function receiptGaps({ incarnation, receipts, floors, cause }: GapSearch): {
  readonly differences: Difference[];
  readonly explained: ExplainedGap[];
} {
  const found: Difference[] = [];
  const explained: ExplainedGap[] = [];
  const tell = (what: Difference["what"], detail: string) => found.push({ incarnation, seq: null, what, detail });
  let day = "";
  let expected = 1;
  for (const { businessDate, sequence } of receipts) {
    if (businessDate !== day) {
      day = businessDate;
      expected = 1;
    }
    if (sequence < expected) {
      tell("receipt number given twice", `${businessDate}: ${sequence}`);
      continue;
    }
    if (sequence > expected) {
      const known = floors.filter((floor) => floor.businessDate === businessDate);
      for (const { from, to, isKnown } of stretchesOf(expected, sequence - 1, known)) {
        const missing = from === to ? `${from}` : `${from} to ${to}`;
        if (isKnown) explained.push({ incarnation, businessDate, from, to, cause });
        else tell("unexplained gap in receipt numbers", `${businessDate}: ${missing} missing`);
      }
    }
    expected = sequence + 1;
  }
  return { differences: found, explained };
}

/** A database that no till of this version has opened yet has no such table. */
export function receiptFloors(db: JournalReader, ordinal: number): ReceiptFloor[] {
  if (db.all("SELECT 1 FROM sqlite_schema WHERE name = 'receipt_floor'").length === 0) return [];
  return db.all<ReceiptFloor>(
    `SELECT business_date AS businessDate, from_sequence AS "from", to_sequence AS "to" FROM receipt_floor WHERE ordinal = ?
     ORDER BY business_date, from_sequence`,
    ordinal,
  );
}

/** A run of missing numbers, cut where it goes into a stretch that is known and where it leaves it. */
function* stretchesOf(first: number, last: number, known: readonly ReceiptFloor[]) {
  for (let from = first; from <= last; ) {
    const inside = known.find((floor) => floor.from <= from && from <= floor.to);
    const next = known.map((floor) => floor.from).filter((start) => start > from);
    const to = Math.min(last, inside ? inside.to : Math.min(...next) - 1);
    yield { from, to, isKnown: inside !== undefined };
    from = to + 1;
  }
}

/** Two lists, each in order, as one. */
export function* inOrder(one: Iterable<ReceiptPlace>, other: readonly ReceiptPlace[]): Generator<ReceiptPlace> {
  let at = 0;
  for (const place of one) {
    for (let next = other[at]; next && isBefore(next, place); next = other[++at]) yield next;
    yield place;
  }
  yield* other.slice(at);
}

export function isBefore(one: ReceiptPlace, other: ReceiptPlace): boolean {
  return one.businessDate === other.businessDate
    ? one.sequence < other.sequence
    : one.businessDate < other.businessDate;
}
