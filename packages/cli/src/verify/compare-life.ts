import { CHAIN_START, parseReceiptNumber, RANGE_CHANGES, SyncError } from "@tillsync/protocol";
import type { LedgerRow } from "@tillsync/server";
import { type Before, compare, type Difference } from "./compare.ts";
import type { TillJournal, TillLife } from "./journal-side.ts";
import type { Ledger } from "./ledger-side.ts";
import { type Comparing, join, narrow, type Run } from "./narrow.ts";
import { inOrder, isBefore, type ReceiptPlace, receiptGaps } from "./receipt-gaps.ts";
import { addCentre, addTill, type Tally } from "./tally.ts";
import { isSame, tillDigest } from "./till-digest.ts";

/** The last hash of a life's chain, as each side has it. */
export interface Heads {
  readonly till: string;
  readonly centre: string;
}

export interface LifeComparison extends Comparing {
  /** The first change to look at; null when the life has none of those that are wanted. */
  readonly fromSeq: number | null;
  /** Receipts of this business date and later. */
  readonly since: string;
  readonly tallies: { readonly till: Tally; readonly centre: Tally };
  readonly onDifference: (found: Difference) => void;
  readonly progress: () => void;
}

/** Rows held at a time while they are compared one by one. */
const CHUNK = 200;

/** Compares one life of a till, from `fromSeq` to the last change that either side has. */
export async function compareLife(comparison: LifeComparison) {
  const { journal, ledger, life, tallies, progress } = comparison;
  const { incarnation } = life;
  let differences = 0;
  const tell = (found: Difference) => {
    differences++;
    comparison.onDifference(lateOr(found, life));
  };
  const rows = new RowByRow(comparison, tell);
  let durableThrough = 0;
  let chainHash = CHAIN_START;
  for (let next: number | null = comparison.fromSeq ?? life.headSeq + 1; next !== null; ) {
    const page = await ledger.digests(life, { fromSeq: next, size: RANGE_CHANGES });
    ({ durableThrough, chainHash, nextSeq: next } = page);
    if (comparison.fromSeq === null) break;
    const runs: Run[] = [];
    for (const centre of page.ranges) {
      const own = tillDigest(journal, life, centre, (change) => addTill(tallies.till, change));
      addCentre(tallies.centre, centre.rows, []);
      if (!isSame(own, centre)) for (const run of await narrow(comparison, { own, centre })) join(runs, run);
      progress();
    }
    addCentre(tallies.centre, 0, page.totals);
    for (const run of runs) {
      const found = await rows.compare(run);
      // The row before the first one is nobody's here: that it is wrong is not told, and makes this one look so.
      if (found === 0 && (run.fromSeq === 1 || run.fromSeq !== comparison.fromSeq)) tell(otherDigest(life, run));
    }
  }
  if (comparison.fromSeq !== null) await onlyOnTill(comparison, Math.max(durableThrough + 1, comparison.fromSeq), rows);
  const receipts = rows.receipts.filter(({ businessDate }) => businessDate >= comparison.since);
  receipts.sort((one, other) => (isBefore(one, other) ? -1 : 1));
  const all = inOrder(journal.receipts(life, comparison.since), receipts);
  const cause = life === journal.lives.at(-1) ? "rolled back" : "lost with an earlier life";
  const gaps = receiptGaps({ incarnation, receipts: all, floors: journal.floors(life), cause });
  for (const found of gaps.differences) tell(found);
  const heads: Heads = { till: journal.hashAt(life, Math.max(life.headSeq, durableThrough)) ?? "", centre: chainHash };
  if (differences === 0 && heads.till !== heads.centre) {
    const detail = `${heads.till.slice(0, 12)}… here, ${heads.centre.slice(0, 12)}… there`;
    tell({ incarnation, seq: null, what: "other chain head at the centre", detail });
  }
  return { heads, explained: gaps.explained.filter(({ businessDate }) => businessDate >= comparison.since) };
}

/** What the centre has not got yet, or has lost with its end. */
async function onlyOnTill({ journal, life, tallies }: LifeComparison, fromSeq: number, rows: RowByRow): Promise<void> {
  if (fromSeq > life.headSeq) return;
  for (const change of journal.changes(life, fromSeq, life.headSeq)) addTill(tallies.till, change);
  await rows.compare({ fromSeq, toSeq: life.headSeq }, []);
}

/** Compares runs of one life, in order, a few rows at a time. */
export class RowByRow {
  /** Receipts of rows that only the centre has. */
  readonly receipts: ReceiptPlace[] = [];
  readonly #comparing: Comparing;
  readonly #tell: (found: Difference) => void;
  #after: Before | undefined;

  constructor(comparing: Comparing, tell: (found: Difference) => void) {
    this.#comparing = comparing;
    this.#tell = tell;
  }

  /**
   * @param known rows of the centre, when nothing has to be asked for
   * @returns how many differences there are
   */
  async compare(run: Run, known?: readonly LedgerRow[]): Promise<number> {
    const { journal, ledger, life } = this.#comparing;
    const { incarnation } = life;
    let before = this.#before(run.fromSeq);
    let found = 0;
    for (let fromSeq = run.fromSeq; fromSeq <= run.toSeq; fromSeq += CHUNK) {
      const toSeq = Math.min(run.toSeq, fromSeq + CHUNK - 1);
      const till = [...journal.changes(life, fromSeq, toSeq)];
      const centre = known ?? (await ledger.rows(life, { fromSeq, toSeq }));
      const again = (seq: number, prevHash: string) => ledger.rowBehind(life, seq, prevHash);
      const compared = await compare({ incarnation, fromSeq, toSeq, till, centre, before, again });
      before = compared.after;
      found += compared.differences.length;
      for (const difference of compared.differences) this.#tell(difference);
      for (const row of compared.onlyAtCentre) this.receipts.push(...receiptOf(row));
    }
    this.#after = before;
    return found;
  }

  /** What stands before a run is the same on both sides, or it would be in one. */
  #before(fromSeq: number): Before {
    const { journal, life } = this.#comparing;
    if (this.#after?.seq === fromSeq - 1) return this.#after;
    return { seq: fromSeq - 1, hash: journal.hashAt(life, fromSeq - 1), isStored: true };
  }
}

/** Digests that differ over rows that do not: one side reckons wrongly, and nothing else it says can be believed. */
function otherDigest({ incarnation }: TillLife, { fromSeq, toSeq }: Run): Difference {
  const detail = `${fromSeq} to ${toSeq}: the rows are the same, and their digests are not`;
  return { incarnation, seq: fromSeq, what: "other digest at the centre", detail };
}

/** What the till knows it has not sent is late, not lost. */
function lateOr(found: Difference, life: TillLife): Difference {
  const late = found.what === "missing at the centre" && found.seq !== null && found.seq > life.durableThrough;
  return late ? { ...found, what: "not sent yet" } : found;
}

function receiptOf({ document }: LedgerRow): ReceiptPlace[] {
  try {
    return document?.receiptNumber ? [parseReceiptNumber(document.receiptNumber)] : [];
  } catch (error) {
    if (error instanceof SyncError) return []; // a number of somebody else's making fills no gap of ours
    throw error;
  }
}

/** Lives that only the centre knows: the till's database was made anew or taken from a backup. */
export async function unknownLives(journal: TillJournal, ledger: Ledger): Promise<Difference[]> {
  const newest = await ledger.newestLife();
  if (newest === undefined) return [];
  const { incarnation, ordinal } = newest;
  const isKnown = journal.lives.some((life) => life.incarnation === incarnation);
  const missing = isKnown ? ordinal - journal.lives.length : ordinal;
  if (missing <= 0) return [];
  const detail = `${missing} earlier ${missing === 1 ? "life" : "lives"} of this terminal that only the centre knows`;
  return [{ incarnation, seq: null, what: "missing on the till", detail }];
}
