import { CHAIN_START, parseReceiptNumber, SyncError } from "@tillsync/protocol";
import type { LedgerPage, LedgerRow } from "@tillsync/server";
import { BEFORE_FIRST, compare, type Difference, type Tally } from "./compare.ts";
import type { TillJournal, TillLife } from "./journal-side.ts";
import type { Ledger } from "./ledger-side.ts";
import { inOrder, isBefore, type ReceiptPlace, receiptGaps } from "./receipt-gaps.ts";

/** The last hash of a life's chain, as each side has it. */
export interface Heads {
  readonly till: string;
  readonly centre: string;
}

export interface LifeComparison {
  readonly journal: TillJournal;
  readonly ledger: Ledger;
  readonly life: TillLife;
  readonly tallies: { readonly till: Tally; readonly centre: Tally };
  readonly progress: () => void;
}

/** Compares one life of a till from its first change to the last that either side has. */
export async function compareLife({ journal, ledger, life, tallies, progress }: LifeComparison) {
  const { incarnation } = life;
  const differences: Difference[] = [];
  const receipts: ReceiptPlace[] = [];
  let heads: Heads = { till: CHAIN_START, centre: CHAIN_START };
  let before = BEFORE_FIRST;
  for (let fromSeq: number | null = 1; fromSeq !== null; ) {
    const page = await ledger.page(life, fromSeq);
    const nextSeq = nextOf(page, fromSeq, ledger.pageRows);
    const toSeq = nextSeq === null ? Math.max(page.changes.at(-1)?.seq ?? 0, life.headSeq) : nextSeq - 1;
    for (let from = fromSeq; from <= toSeq; from += ledger.pageRows) {
      const to = Math.min(from + ledger.pageRows - 1, toSeq);
      const till = journal.changes(life, from, to);
      const centre = page.changes.filter(({ seq }) => seq >= from && seq <= to);
      const compared = compare({ incarnation, till, centre, before }, tallies);
      before = compared.after;
      differences.push(...compared.differences.map((found) => lateOr(found, life)));
      receipts.push(...compared.onlyAtCentre.flatMap(receiptOf));
      heads = { till: till.at(-1)?.hash ?? heads.till, centre: page.chainHash };
      progress();
    }
    heads = { ...heads, centre: page.chainHash };
    fromSeq = nextSeq;
  }
  receipts.sort((one, other) => (isBefore(one, other) ? -1 : 1));
  const all = inOrder(journal.receipts(life), receipts);
  const cause = life === journal.lives.at(-1) ? "rolled back" : "lost with an earlier life";
  const gaps = receiptGaps({ incarnation, receipts: all, floors: journal.floors(life), cause });
  differences.push(...gaps.differences);
  if (differences.length === 0 && heads.till !== heads.centre) {
    const detail = `${heads.till.slice(0, 12)}… here, ${heads.centre.slice(0, 12)}… there`;
    differences.push({ incarnation, seq: null, what: "other chain head at the centre", detail });
  }
  return { differences, heads, explained: gaps.explained };
}

/** Where the next page starts. The centre goes by its last row; a page in which all rows are missing has none. */
function nextOf(page: LedgerPage, fromSeq: number, pageRows: number): number | null {
  if (page.nextSeq !== null) return page.nextSeq;
  const covered = fromSeq + pageRows - 1;
  return page.changes.length === 0 && covered < page.durableThrough ? covered + 1 : null;
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
