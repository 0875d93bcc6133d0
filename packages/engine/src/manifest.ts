import {
  type Amount,
  AmountSums,
  CASH,
  formatReceiptNumber,
  NO_TENDER,
  type PayloadOf,
  plusMinor,
} from "@tillsync/protocol";
import type { Head, Journal } from "./journal.ts";
import type { Sql } from "./ports.ts";
import { printedReceipt } from "./receipts.ts";
import type { ShiftPart, ShiftReport } from "./shift-verbs.ts";
import { type Stretch, Tally } from "./tally.ts";

export type Manifest = PayloadOf<"shift.closed">;

/** Where a shift's changes stand: journal and tables of the till, and the names printed on receipts, by life. */
export interface ShiftBooks {
  readonly journal: Journal;
  readonly read: Pick<Sql, "get" | "all">;
  readonly printedOf: (ordinal: number) => string;
}

/** Open orders that this till had a hand in: those of others are not its shift's. */
const OPEN_ORDERS =
  "SELECT count(*) AS count FROM open_order WHERE EXISTS (SELECT 1 FROM journal WHERE journal.local_id = open_order.local_id)";

/** Lives in which a shift is told apart; `shiftClosed` allows no more. The last ones are kept. */
const MAX_LIVES = 100;

/**
 * The stretches of a shift up to `head`, oldest life first: one, or several when the database was put back or lost its
 * last rows while the shift was open. What an earlier life held beyond this database is not in them; nobody here has it.
 */
export function stretchesOf({ journal, read }: ShiftBooks, head: Head, localId: string): Stretch[] {
  const sql = "SELECT ordinal, open_seq AS openSeq FROM shift WHERE local_id = ?";
  const began = read.get<{ ordinal: number; openSeq: number }>(sql, localId);
  if (began === undefined) return [];
  return journal
    .lives()
    .filter(({ ordinal }) => ordinal >= began.ordinal && ordinal <= head.ordinal)
    .map(({ ordinal, incarnation, headSeq }) => ({
      ordinal,
      incarnation,
      openSeq: ordinal === began.ordinal ? began.openSeq : 1,
      closeSeq: ordinal === head.ordinal ? head.seq : headSeq,
    }))
    .filter(({ ordinal, openSeq, closeSeq }) => ordinal === head.ordinal || closeSeq >= openSeq);
}

/** Adds a shift up anew, from its bytes. */
export function tallyShift(books: ShiftBooks, head: Head, localId: string): Tally[] {
  return stretchesOf(books, head, localId).map((stretch) =>
    new Tally(books.journal, stretch).readTo(books.journal, stretch.closeSeq),
  );
}

export interface Counting {
  readonly operator?: string | undefined;
  /** In the order of `AmountSums`. */
  readonly counted?: readonly Amount[] | undefined;
}

/**
 * What a shift holds, as its closing says it: range, chain head, counts and money of the present life, which the centre
 * recomputes from what it stored (design section 4.6); then what earlier lives hold of it, and the drawer of all of them.
 */
export function manifestOf(
  books: ShiftBooks,
  shift: ShiftDay,
  tallies: readonly Tally[],
  counting: Counting,
): Manifest {
  const parts = tallies.map(partOf);
  const present = parts.at(-1);
  if (present === undefined) throw new Error(`shift ${shift.localId} has no journal`);
  const { incarnation: _incarnation, ...stretch } = present;
  const opening = tallies.find((tally) => tally.opening !== undefined)?.opening;
  const float =
    opening?.openingFloatMinor === undefined
      ? undefined
      : { currency: opening.currency, amountMinor: opening.openingFloatMinor };
  const expected = expectedOf(tallies, float);
  const { operator, counted } = counting;
  const cashMoves = cashMovesOf(tallies);
  const receipts = receiptsOf(books, shift.businessDate, tallies);
  const openOrders = books.read.get<{ count: number }>(OPEN_ORDERS)?.count ?? 0;
  return {
    ...(operator === undefined ? {} : { operator }),
    ...stretch,
    ...(float === undefined ? {} : { openingFloat: float }),
    ...(cashMoves.length === 0 ? {} : { cashMoves }),
    expected: expected.list(),
    ...(counted === undefined ? {} : { counted: [...counted], overShort: overShortOf(counted, expected) }),
    ...(receipts.length === 0 ? {} : { receipts }),
    openOrders,
    ...(parts.length === 1 ? {} : { earlier: parts.slice(0, -1).slice(-MAX_LIVES) }),
  };
}

interface ShiftDay {
  readonly localId: string;
  readonly businessDate: string;
}

function partOf({ incarnation, openSeq, seq, hash, counts, totals }: Tally) {
  return { incarnation, openSeq, closeSeq: seq, chainHead: hash, counts, totals };
}

/** What no tender names is in no drawer. */
function expectedOf(tallies: readonly Tally[], float: Omit<Amount, "tender"> | undefined): AmountSums {
  const expected = new AmountSums();
  if (float !== undefined) expected.add({ ...float, tender: CASH });
  for (const { totals } of tallies) for (const amount of totals) if (amount.tender !== NO_TENDER) expected.add(amount);
  return expected;
}

function overShortOf(counted: readonly Amount[], expected: AmountSums): Amount[] {
  return counted.map((amount) => {
    const { currency, tender, amountMinor } = amount;
    return { currency, tender, amountMinor: plusMinor(amountMinor, -expected.of(currency, tender)) };
  });
}

function cashMovesOf(tallies: readonly Tally[]): ShiftReport["cashMoves"][number][] {
  const sums = new Map<string, { inMinor: number; outMinor: number }>();
  for (const { cash } of tallies) {
    for (const [currency, moved] of cash) {
      const { inMinor, outMinor } = sums.get(currency) ?? { inMinor: 0, outMinor: 0 };
      const sum = { inMinor: plusMinor(inMinor, moved.inMinor), outMinor: plusMinor(outMinor, moved.outMinor) };
      sums.set(currency, sum);
    }
  }
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([currency, moved]) => ({ currency, ...moved })).slice(0, MAX_CURRENCIES);
}

/** ISO 4217 has fewer; `shiftClosed` allows no more. */
const MAX_CURRENCIES = 200;

function receiptsOf(books: ShiftBooks, businessDate: string, tallies: readonly Tally[]): Manifest["receipts"] & object {
  const ordinals = new Map(books.journal.lives().map(({ incarnation, ordinal }) => [incarnation, ordinal]));
  const series = tallies.flatMap(({ ordinal, openSeq, seq }) =>
    books.journal.receiptsWithin(ordinal, businessDate, openSeq, seq).map(({ printedIn, first, last, count }) => {
      const terminal = books.printedOf(ordinals.get(printedIn ?? "") ?? ordinal);
      const number = (sequence: number) =>
        printedReceipt(books.read, { ordinal, printedIn, businessDate, sequence }) ??
        formatReceiptNumber({ terminal, businessDate, sequence });
      return { first: number(first), last: number(last), count };
    }),
  );
  return series.slice(-MAX_LIVES);
}

/** A manifest as people read it: the whole shift, whatever lives it went through. */
export function reportOf(localId: string, incarnation: string, manifest: Manifest): ShiftReport {
  const { openSeq, closeSeq, chainHead, openingFloat, earlier = [] } = manifest;
  const present: ShiftPart = { incarnation, openSeq, closeSeq, chainHead, ...pick(manifest) };
  const parts = [...earlier, present];
  const totals = new AmountSums();
  const counts: Record<string, number> = {};
  for (const part of parts) {
    for (const amount of part.totals) totals.add(amount);
    for (const [kind, count] of Object.entries(part.counts)) counts[kind] = (counts[kind] ?? 0) + count;
  }
  return {
    localId,
    changes: Object.values(counts).reduce((sum, count) => sum + count, 0),
    counts,
    totals: totals.list(),
    openingFloatMinor: openingFloat?.amountMinor ?? null,
    currency: openingFloat?.currency ?? null,
    cashMoves: manifest.cashMoves ?? [],
    expected: manifest.expected ?? [],
    counted: manifest.counted ?? [],
    overShort: manifest.overShort ?? [],
    receipts: manifest.receipts ?? [],
    openOrders: manifest.openOrders ?? 0,
    parts,
  };
}

function pick({ counts, totals }: Manifest): Pick<ShiftPart, "counts" | "totals"> {
  return { counts, totals };
}
