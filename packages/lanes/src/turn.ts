/** A lane among those that share a budget: a slow link, a power budget, one connection. */
export interface Sharer {
  readonly lane: string;
  /**
   * Of so many turns it gets at least one, as long as it wants one. Absent for a lane that takes what the others leave; the
   * first takes all that nobody below it is owed.
   */
  readonly oneIn?: number;
}

/**
 * First things first (002): what the law wants within a day, what a customer waits for, the second copy of the sales, the
 * backup of the whole. The figures are ours: of 16 turns under full load some 9 are eTIMS's, 4 M-Pesa's, 2 the centre's, 1 the backup's.
 */
export const SHARERS: readonly Sharer[] = [
  { lane: "etims" },
  { lane: "mpesa", oneIn: 4 },
  { lane: "central", oneIn: 8 },
  { lane: "backup", oneIn: 16 },
];

/** Turns that others had while a lane wanted one, by lane. Immutable. */
export type Passed = ReadonlyMap<string, number>;

export const NOBODY_PASSED: Passed = new Map();

export interface Turn {
  /** Undefined when nobody wants one. */
  readonly lane: string | undefined;
  readonly passed: Passed;
}

/**
 * Whose turn it is: the first in order that wants one, unless one below it has been passed over for as long as its share
 * allows. Among several of these the one that is closest to, or furthest over, its share goes first. So a lane waits for at
 * most `oneIn` turns, and one more for each other lane that is owed one at the same moment.
 */
export function turnOf(sharers: readonly Sharer[], wants: ReadonlySet<string>, passed: Passed): Turn {
  const wanting = sharers.filter(({ lane }) => wants.has(lane));
  const slack = ({ lane, oneIn = Number.POSITIVE_INFINITY }: Sharer) => oneIn - 1 - (passed.get(lane) ?? 0);
  const owed = wanting.filter((sharer) => slack(sharer) <= 0).sort((a, b) => slack(a) - slack(b));
  const chosen = owed[0] ?? wanting[0];
  const others = wanting.filter((sharer) => sharer !== chosen);
  return { lane: chosen?.lane, passed: new Map(others.map(({ lane }) => [lane, (passed.get(lane) ?? 0) + 1])) };
}
