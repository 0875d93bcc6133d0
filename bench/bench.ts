/** What the command line asked for. */
export interface BenchOptions {
  /** Tiny sizes and one round: shows that a bench runs and counts its rows. Its figures mean nothing. */
  readonly smoke: boolean;
  /** Interleaved rounds; each bench has a default of its own. */
  readonly rounds: number | undefined;
  /** Also runs programs of others that can do the same work, installed on demand. */
  readonly rivals: boolean;
  /** A folder for this run, on the disk that is measured; thrown away afterwards. */
  readonly folder: string;
  readonly onProgress: (text: string) => void;
}

/** One bench. It throws when a row is missing at the end: a fast loss is no result. */
export interface Bench {
  readonly name: string;
  /** One line for `--help`. */
  readonly says: string;
  run(options: BenchOptions): Promise<Report>;
}

/** What one contender did: the medians over the rounds, in the order of `Report.columns`. */
export interface ReportRow {
  readonly contender: string;
  readonly figures: readonly (number | null)[];
  readonly note?: string;
}

/** A promise about a figure, and whether this run kept it. */
export interface Bar {
  readonly what: string;
  readonly value: number | null;
  readonly must: { readonly atLeast: number } | { readonly atMost: number };
  /** What we would like it to be. */
  readonly aim?: number;
}

export interface Report {
  /** The figure that the bench is about, mostly ours over the limit of the same round. Null when it has none. */
  readonly ratio: number | null;
  readonly ratioOf: string;
  readonly rounds: number;
  readonly columns: readonly string[];
  readonly rows: readonly ReportRow[];
  readonly bars: readonly Bar[];
  /** What a reader has to know to believe the figures: sizes, data, what was left out and why. */
  readonly notes: readonly string[];
}

export function holds({ value, must }: Bar): boolean {
  if (value === null) return false;
  return "atLeast" in must ? value >= must.atLeast : value <= must.atMost;
}

/** The middle value; the mean of the two middle ones of an even number. Null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  if (high === undefined) return null;
  const low = sorted[middle - 1];
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

/** Ends the bench when rows are missing, or came twice. */
export function expectRows(what: string, wanted: number, found: number): void {
  if (found !== wanted) throw new Error(`${what}: ${found} rows at the end, and not ${wanted}`);
}
