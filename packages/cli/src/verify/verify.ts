import type { Door } from "../http-door.ts";
import type { Difference } from "./compare.ts";
import { compareLife, type Heads, unknownLives } from "./compare-life.ts";
import { openJournal, type TillJournal, type TillLife } from "./journal-side.ts";
import { type Ledger, openLedger, type Travelled } from "./ledger-side.ts";
import type { ExplainedGap } from "./receipt-gaps.ts";
import { emptyTally, type Tally } from "./tally.ts";

/** What both sides say of one terminal. Sums are minor units by currency. */
export interface Verification {
  readonly terminal: string;
  readonly shortId: string;
  /** The business date from which on everything was compared; null for everything that is kept. */
  readonly since: string | null;
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
  /** Changes of which this till keeps only their place in the chain. */
  readonly retired: number;
  readonly travelled: Travelled;
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
  /** Only changes from this business date on. Default everything. */
  readonly since?: string | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  /** Told of each difference, those beyond the list as well. */
  readonly onDifference?: ((found: Difference) => void) | undefined;
  /** Rows of the centre asked for at a time, where something differs. Default 2,000. */
  readonly pageRows?: number;
}

/**
 * Compares a till's journal with the centre: digests of each thousand changes, for which both sides hash their own bytes
 * again, and change by change where digests differ. Documents are counted and summed from each side's own rows, and
 * receipt numbers are checked for gaps. Memory does not grow with the journal.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const journal = openJournal(options.file);
  try {
    return await compareSides(journal, openLedger(options.centre, journal.terminal, options.pageRows), options);
  } finally {
    journal.close();
  }
}

interface Compared {
  readonly since: string | null;
  readonly tallies: { readonly till: Tally; readonly centre: Tally };
  readonly heads: Heads;
  readonly differences: readonly Difference[];
  readonly found: { readonly all: number; readonly gaps: number };
  readonly explained: readonly ExplainedGap[];
  readonly travelled: Travelled;
}

async function compareSides(
  journal: TillJournal,
  ledger: Ledger,
  { since = "", onProgress, onDifference }: VerifyOptions,
): Promise<Verification> {
  const tallies = { till: emptyTally(), centre: emptyTally() };
  const differences: Difference[] = [];
  const found = { all: 0, gaps: 0 };
  const tell = (difference: Difference) => {
    found.all++;
    if (difference.what.startsWith("unexplained gap")) found.gaps++;
    if (differences.length < MAX_DIFFERENCES) differences.push(difference);
    onDifference?.(difference);
  };
  for (const difference of await unknownLives(journal, ledger)) tell(difference);
  const starts = journal.lives.map((life) => startOf(journal, life, since));
  const of = journal.lives.reduce((sum, life, at) => sum + lengthOf(life, starts[at] ?? null), 0);
  const progress = () => onProgress?.(tallies.till.changes, of);
  const explained: ExplainedGap[] = [];
  let heads: Heads = { till: "", centre: "" };
  for (const [at, life] of journal.lives.entries()) {
    const place = { journal, ledger, life, fromSeq: starts[at] ?? null, since };
    const compared = await compareLife({ ...place, tallies, onDifference: tell, progress });
    heads = compared.heads;
    explained.push(...compared.explained);
  }
  const { travelled } = ledger;
  return report(journal, { since: since || null, tallies, heads, differences, found, explained, travelled });
}

/** The row before the first one is compared as well: what follows it is judged by its hash. */
function startOf(journal: TillJournal, life: TillLife, since: string): number | null {
  if (since === "") return 1;
  const first = journal.firstSince(life, since);
  return first === null ? null : Math.max(1, first - 1);
}

function lengthOf({ headSeq }: TillLife, fromSeq: number | null): number {
  return fromSeq === null ? 0 : Math.max(0, headSeq - fromSeq + 1);
}

function report(journal: TillJournal, compared: Compared): Verification {
  const { since, tallies, heads, differences, found, explained, travelled } = compared;
  const { terminal, shortId } = journal;
  const days = new Set<string>();
  let numbers = 0;
  for (const life of journal.lives) {
    for (const { businessDate } of journal.receipts(life, since ?? "")) {
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
    since,
    equal: found.all === 0 && same,
    till,
    centre,
    receipts: {
      days: days.size,
      numbers,
      voided: journal.voided,
      explained: explained.slice(0, MAX_DIFFERENCES),
      gaps: found.gaps,
    },
    differences,
    retired: tallies.till.retired,
    more: found.all - differences.length,
    travelled: { ...travelled },
  };
}

function sideOf(tally: Tally, chainHash: string): SideReport {
  const sorted = (map: Map<string, number>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { changes: tally.changes, documents: sorted(tally.documents), sums: sorted(tally.sums), chainHash };
}
