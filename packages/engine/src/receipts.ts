import { exchangeResponse, formatReceiptNumber } from "@tillsync/protocol";
import { type Journal, type Life, ordinalOf, positionOf } from "./journal.ts";
import type { Clock, Sql } from "./ports.ts";
import { instantOf } from "./recording.ts";
import type { ReceiptGap, ReceiptSeries } from "./shift-verbs.ts";

/** The highest receipt that the centre holds of a life, for its latest business date. */
interface ReceiptCounter {
  readonly businessDate: string;
  readonly sequence: number;
}

const { receiptCounter } = exchangeResponse.shape;

/** The counter in an answer or a refusal, when it is higher than any number that the till gave in this life. */
function higherCounter(journal: Journal, life: Life, told: unknown): ReceiptCounter | undefined {
  const counter = receiptCounter.safeParse(told).data;
  if (!counter || counter.sequence <= journal.lastReceipt(life.ordinal, counter.businessDate)) return undefined;
  return counter;
}

/** Numbers go on behind what the centre has, and those between are known to be rolled back: never a repeat. */
function raiseFloor(tx: Sql, journal: Journal, life: Life, counter: ReceiptCounter, noticedAt: string): void {
  const { businessDate, sequence } = counter;
  tx.run(
    "INSERT INTO receipt_floor (ordinal, business_date, from_sequence, to_sequence, noticed_at) VALUES (?, ?, ?, ?, ?)",
    life.ordinal,
    businessDate,
    journal.lastReceipt(life.ordinal, businessDate) + 1,
    sequence,
    noticedAt,
  );
}

/**
 * The centre may know of receipts that this database lost unnoticed: numbers go on behind them.
 *
 * @returns whether it does
 */
export function reconcile(
  journal: Journal,
  life: Life,
  told: unknown,
  { commit, clock }: { commit: (fn: (tx: Sql) => void) => void; clock: Clock },
): boolean {
  if (told === null || told === undefined) return false;
  try {
    const counter = higherCounter(journal, life, told);
    if (counter === undefined) return false;
    commit((tx) => raiseFloor(tx, journal, life, counter, instantOf(clock)));
    return true;
  } catch {
    return false; // a disk that cannot take the note now: every answer of the centre says it again
  }
}

interface Books {
  readonly read: Pick<Sql, "get" | "all">;
  readonly lives: readonly Life[];
  readonly printedOf: (ordinal: number) => string;
}

interface Floor {
  readonly ordinal: number;
  readonly fromSequence: number;
  readonly toSequence: number;
}

/** The receipt numbers of a business date, life by life, with every one that has no document and why. */
export function receiptSeries(books: Books, businessDate: string): ReceiptSeries[] {
  const { read } = books;
  const floors = read.all<Floor>(
    `SELECT ordinal, from_sequence AS fromSequence, to_sequence AS toSequence FROM receipt_floor WHERE business_date = ?
     ORDER BY to_sequence`,
    businessDate,
  );
  const given = read.all<{ position: number; sequence: number; printedIn: string | null }>(
    `SELECT position, receipt_sequence AS sequence, origin ->> 'incarnation' AS printedIn FROM journal
     WHERE business_date = ? AND receipt_sequence IS NOT NULL ORDER BY receipt_sequence`,
    businessDate,
  );
  return books.lives.flatMap((life) => {
    const { ordinal, incarnation } = life;
    // One that was sent again in a later life keeps the number that it was printed with.
    const isOwn = ({ position, printedIn }: (typeof given)[number]) =>
      printedIn === null ? ordinalOf(position) === ordinal : printedIn === incarnation;
    const own = given.filter(isOwn).map(({ sequence }) => sequence);
    const raised = floors.filter((floor) => floor.ordinal === ordinal);
    const last = Math.max(0, own.at(-1) ?? 0, raised.at(-1)?.toSequence ?? 0);
    const open = openEnd(books, life, businessDate, last);
    if (last === 0 && open.length === 0) return [];
    const isPresent = life === books.lives.at(-1);
    const gaps = [...gapsIn(own, raised, last, isPresent), ...open];
    const voided = voidedOn(books, ordinal, businessDate);
    return [
      { terminal: books.printedOf(ordinal), incarnation, businessDate, documents: own.length, last, gaps, voided },
    ];
  });
}

function gapsIn(own: readonly number[], floors: readonly Floor[], last: number, isPresent: boolean): ReceiptGap[] {
  const gaps: ReceiptGap[] = [];
  const given = new Set(own);
  const known = isPresent ? "rolled back" : "lost with an earlier life";
  for (let sequence = 1; sequence <= last; sequence++) {
    if (given.has(sequence)) continue;
    const isKnown = floors.some(({ fromSequence, toSequence }) => sequence >= fromSequence && sequence <= toSequence);
    const cause = isKnown ? known : "unexplained";
    const before = gaps.at(-1);
    if (before?.to === sequence - 1 && before.cause === cause) gaps[gaps.length - 1] = { ...before, to: sequence };
    else gaps.push({ from: sequence, to: sequence, cause });
  }
  return gaps;
}

/**
 * A life that ended because its database was put back or lost may have given more numbers than this one knows, on the day
 * of its last change or later.
 */
function openEnd({ lives, read }: Books, life: Life, businessDate: string, last: number): ReceiptGap[] {
  if (life === lives.at(-1)) return [];
  const row = read.get<{ day: string }>(
    `SELECT max(business_date) AS day FROM journal WHERE position BETWEEN ? AND ? AND receipt_sequence IS NOT NULL`,
    positionOf(life.ordinal, 0),
    positionOf(life.ordinal, life.headSeq),
  );
  if (row?.day !== businessDate) return [];
  return [{ from: last + 1, to: null, cause: "lost with an earlier life" }];
}

function voidedOn({ read, printedOf }: Books, ordinal: number, businessDate: string) {
  const rows = read.all<{ sequence: number; by: string; printed: string | null }>(
    `SELECT j.receipt_sequence AS sequence, v.by_local_id AS by, ${PRINTED} AS printed FROM journal j JOIN voided_order v ON v.local_id = j.local_id
     WHERE j.business_date = ? AND j.receipt_sequence IS NOT NULL AND j.position >= ? AND j.position < ?
     ORDER BY j.receipt_sequence`,
    businessDate,
    positionOf(ordinal, 0),
    positionOf(ordinal + 1, 0),
  );
  const terminal = printedOf(ordinal);
  return rows.map(({ sequence, by, printed }) => ({
    receiptNumber: printed ?? formatReceiptNumber({ terminal, businessDate, sequence }),
    by,
  }));
}

/** What stands on the receipt, as its change `j` says: the terminal may have been called otherwise then. Null when it cannot be read. */
const PRINTED =
  "CASE WHEN json_valid(j.body) THEN json_extract(j.body, '$.payload.receiptNumber') ELSE j.retired ->> 'receiptNumber' END";

/** The number as it was printed. */
export function printedReceipt(
  read: Pick<Sql, "get">,
  receipt: { ordinal: number; printedIn: string | null; businessDate: string; sequence: number },
): string | undefined {
  const { ordinal, printedIn, businessDate, sequence } = receipt;
  const row = read.get<{ printed: string | null }>(
    `SELECT ${PRINTED} AS printed FROM journal j
     WHERE j.business_date = ? AND j.receipt_sequence = ? AND j.position >= ? AND j.position < ?
       AND j.origin ->> 'incarnation' IS ?`,
    businessDate,
    sequence,
    positionOf(ordinal, 0),
    positionOf(ordinal + 1, 0),
    printedIn,
  );
  return row?.printed ?? undefined;
}
