import type { Door } from "../http-door.ts";
import { type Difference, emptyTally, type Tally } from "./compare.ts";
import { compareLife, type Heads, unknownLives } from "./compare-life.ts";
import { openJournal, type TillJournal } from "./journal-side.ts";
import { openLedger } from "./ledger-side.ts";
import type { ExplainedGap } from "./receipt-gaps.ts";

/** What both sides say of one terminal. Sums are minor units by currency. */
export interface Verification {
  readonly terminal: string;
  readonly shortId: string;
  readonly equal: boolean;
  readonly till: SideReport;
  readonly centre: SideReport;
  readonly receipts: {
    readonly days: number;
    readonly numbers: number;
    /** Of these the documents were taken back; their numbers are there. */
    readonly voided: number;
    /** Runs of numbers without a document that nobody can account for; each is a difference, too. */
    readonly gaps: number;
    /** Those with a recorded cause. */
    readonly explained: readonly ExplainedGap[];
  };
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

const MAX_DIFFERENCES = 1000;

export interface VerifyOptions {
  /** The till's SQLite file; its process may run meanwhile. */
  readonly file: string;
  readonly centre: Door;
  readonly onProgress?: (done: number, of: number) => void;
  /** Changes of the centre asked for at a time. Default 2,000. */
  readonly pageRows?: number;
}

/**
 * Compares a till's journal with the centre, change by change: every hash is recomputed from the bytes on both sides,
 * documents are counted and summed from each side's own rows, and receipt numbers are checked for gaps.
 */
export async function verify({ file, centre, onProgress, pageRows }: VerifyOptions): Promise<Verification> {
  const journal = openJournal(file);
  try {
    const tallies = { till: emptyTally(), centre: emptyTally() };
    const ledger = openLedger(centre, journal.terminal, pageRows);
    const differences: Difference[] = await unknownLives(journal, ledger);
    const of = journal.lives.reduce((sum, life) => sum + life.headSeq, 0);
    const explained: ExplainedGap[] = [];
    let heads: Heads = { till: "", centre: "" };
    for (const life of journal.lives) {
      const progress = () => onProgress?.(tallies.till.changes, of);
      const compared = await compareLife({ journal, ledger, life, tallies, progress });
      heads = compared.heads;
      differences.push(...compared.differences);
      explained.push(...compared.explained);
    }
    return report(journal, tallies, heads, { differences, explained });
  } finally {
    journal.close();
  }
}

function report(
  journal: TillJournal,
  tallies: { till: Tally; centre: Tally },
  heads: Heads,
  { differences, explained }: { differences: Difference[]; explained: ExplainedGap[] },
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
      voided: journal.voided,
      explained: explained.slice(0, MAX_DIFFERENCES),
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
