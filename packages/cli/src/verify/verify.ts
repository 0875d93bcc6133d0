import { SyncError } from "@tillsync/protocol";
import type { LedgerPage } from "@tillsync/server";
import { askJson, type Door } from "../http-door.ts";
import { compare, type Difference, emptyTally, receiptGaps, type Tally } from "./compare.ts";
import { openJournal, type TillJournal, type TillLife } from "./journal-side.ts";

/** What both sides say of one terminal. Sums are minor units by currency. */
export interface Verification {
  readonly terminal: string;
  readonly shortId: string;
  readonly equal: boolean;
  readonly till: SideReport;
  readonly centre: SideReport;
  readonly receipts: { readonly days: number; readonly numbers: number; readonly gaps: number };
  readonly differences: readonly Difference[];
  /** Differences beyond `MAX_DIFFERENCES` are counted, not listed. */
  readonly more: number;
}

export interface SideReport {
  readonly changes: number;
  readonly documents: Readonly<Record<string, number>>;
  readonly sums: Readonly<Record<string, number>>;
  /** Head of the present life's chain, as this side has it. */
  readonly chainHash: string;
}

const PAGE = 2000;
const MAX_DIFFERENCES = 1000;

export interface VerifyOptions {
  /** The till's SQLite file; its process may run meanwhile. */
  readonly file: string;
  readonly centre: Door;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Compares a till's journal with the centre, change by change: every hash is recomputed from the bytes on both sides,
 * documents are counted and summed from each side's own rows, and receipt numbers are checked for gaps.
 */
export async function verify({ file, centre, onProgress }: VerifyOptions): Promise<Verification> {
  const journal = openJournal(file);
  try {
    const tallies = { till: emptyTally(), centre: emptyTally() };
    const differences: Difference[] = [];
    const of = journal.lives.reduce((sum, life) => sum + life.headSeq, 0);
    const heads = { till: "", centre: "" };
    for (const life of journal.lives) {
      const progress = () => onProgress?.(tallies.till.changes, of);
      const compared = await compareLife({ journal, centre, life, tallies, progress });
      Object.assign(heads, compared.heads);
      differences.push(...compared.differences, ...receiptGaps(life.incarnation, journal.receipts(life)));
    }
    return report(journal, tallies, heads, differences);
  } finally {
    journal.close();
  }
}

interface LifeComparison {
  readonly journal: TillJournal;
  readonly centre: Door;
  readonly life: TillLife;
  readonly tallies: { till: Tally; centre: Tally };
  readonly progress: () => void;
}

async function compareLife({ journal, centre, life, tallies, progress }: LifeComparison) {
  const differences: Difference[] = [];
  const heads = { till: "", centre: "" };
  for (let fromSeq = 1; ; ) {
    const page = await ledgerPage(centre, journal.terminal, life, fromSeq);
    const last = page.changes.at(-1)?.seq;
    const toSeq = page.nextSeq === null ? Math.max(last ?? 0, life.headSeq, fromSeq) : page.nextSeq - 1;
    for (let from = fromSeq; from <= toSeq; from += PAGE) {
      const to = Math.min(from + PAGE - 1, toSeq);
      const till = journal.changes(life, from, to);
      const stored = page.changes.filter(({ seq }) => seq >= from && seq <= to);
      differences.push(...compare({ incarnation: life.incarnation, till, centre: stored }, tallies));
      heads.till = till.at(-1)?.hash ?? heads.till;
      progress();
    }
    heads.centre = page.chainHash;
    if (page.nextSeq === null) break;
    fromSeq = page.nextSeq;
  }
  return { differences: differences.map((found) => pendingOr(found, life)), heads };
}

/** What the till knows it has not sent is late, not lost. */
function pendingOr(found: Difference, life: TillLife): Difference {
  const late = found.what === "missing at the centre" && found.seq !== null && found.seq > life.durableThrough;
  return late ? { ...found, what: "not sent yet" } : found;
}

async function ledgerPage(centre: Door, terminal: string, life: TillLife, fromSeq: number): Promise<LedgerPage> {
  const query = `incarnation=${life.incarnation}&fromSeq=${fromSeq}&limit=${PAGE}`;
  try {
    return await askJson<LedgerPage>(centre, "GET", `/api/admin/terminals/${terminal}/ledger?${query}`);
  } catch (error) {
    if (!(error instanceof SyncError && error.code === "NOT_FOUND")) throw error;
    const { incarnation, ordinal } = life;
    return { terminal, incarnation, ordinal, durableThrough: 0, chainHash: "", changes: [], nextSeq: null };
  }
}

function report(
  journal: TillJournal,
  tallies: { till: Tally; centre: Tally },
  heads: { till: string; centre: string },
  differences: Difference[],
): Verification {
  const { terminal, shortId } = journal;
  const days = new Set<string>();
  let numbers = 0;
  for (const life of journal.lives) {
    for (const { businessDate } of journal.receipts(life)) {
      days.add(`${life.incarnation} ${businessDate}`);
      numbers++;
    }
  }
  const till = sideOf(tallies.till, heads.till);
  const centre = sideOf(tallies.centre, heads.centre);
  const same = JSON.stringify(till) === JSON.stringify(centre);
  return {
    terminal,
    shortId,
    equal: differences.length === 0 && same,
    till,
    centre,
    receipts: {
      days: days.size,
      numbers,
      gaps: differences.filter(({ what }) => what.startsWith("unexplained gap")).length,
    },
    differences: differences.slice(0, MAX_DIFFERENCES),
    more: Math.max(0, differences.length - MAX_DIFFERENCES),
  };
}

function sideOf(tally: Tally, chainHash: string): SideReport {
  const sorted = (map: Map<string, number>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { changes: tally.changes, documents: sorted(tally.documents), sums: sorted(tally.sums), chainHash };
}
