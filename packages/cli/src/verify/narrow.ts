import { RANGE_CHANGES, type RangeDigest } from "@tillsync/protocol";
import type { TillJournal, TillLife } from "./journal-side.ts";
import type { Ledger } from "./ledger-side.ts";
import { isSame, tillDigest } from "./till-digest.ts";

/** A stretch of changes of which each has to be looked at on both sides. */
export interface Run {
  fromSeq: number;
  toSeq: number;
}

/** Digests are asked for in ever smaller ranges where they differ, down to single changes. */
const SIZES = [RANGE_CHANGES, 40, 1] as const;
/** Past so many small ranges that differ it is cheaper to ask for all of them at once. */
const MANY = 4;

export interface Comparing {
  readonly journal: TillJournal;
  readonly ledger: Ledger;
  readonly life: TillLife;
}

/**
 * The changes of a range whose digests differ. A few are found with some hundred bytes each; where a side has nothing at
 * all, or nearly everything differs, nothing is gained by asking further.
 *
 * @param own the till's digest of the same range as `centre`
 */
export async function narrow(
  comparing: Comparing,
  { own, centre }: { own: RangeDigest; centre: RangeDigest },
  level = 1,
): Promise<Run[]> {
  const { fromSeq, toSeq } = centre;
  const size = SIZES[level];
  if (size === undefined || own.rows === 0 || centre.rows === 0) return [{ fromSeq, toSeq }];
  const pairs: { own: RangeDigest; centre: RangeDigest }[] = [];
  for (const smaller of await digestsOf(comparing, { fromSeq, toSeq, size })) {
    const mine = tillDigest(comparing.journal, comparing.life, smaller);
    if (!isSame(mine, smaller)) pairs.push({ own: mine, centre: smaller });
  }
  if (pairs.length === 0) return (await isSameNow(comparing, centre)) ? [] : [{ fromSeq, toSeq }];
  const [first, last] = [pairs[0], pairs.at(-1)];
  if (first && last && pairs.length > MANY && level + 1 < SIZES.length) {
    const all = { ...first.centre, toSeq: last.centre.toSeq };
    return narrow(comparing, { own: { ...first.own, rows: 1 }, centre: { ...all, rows: 1 } }, level + 1);
  }
  const runs: Run[] = [];
  for (const pair of pairs) for (const run of await narrow(comparing, pair, level + 1)) join(runs, run);
  return runs;
}

/** Smaller digests agree: either something was put right meanwhile, or a digest cannot be believed, and rows have to tell. */
async function isSameNow(comparing: Comparing, { fromSeq, toSeq }: Run): Promise<boolean> {
  const own = tillDigest(comparing.journal, comparing.life, { fromSeq, toSeq });
  const [centre] = await digestsOf(comparing, { fromSeq, toSeq, size: RANGE_CHANGES });
  return centre !== undefined && isSame(own, centre);
}

async function digestsOf({ ledger, life }: Comparing, stretch: { fromSeq: number; toSeq: number; size: number }) {
  const ranges: RangeDigest[] = [];
  for (let next: number | null = stretch.fromSeq; next !== null; ) {
    const page = await ledger.digests(life, { ...stretch, fromSeq: next });
    ranges.push(...page.ranges);
    next = page.nextSeq;
  }
  return ranges;
}

/** Adds a run to those before it; runs that touch are one: each needs to know what stands before it. */
export function join(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last && run.fromSeq <= last.toSeq + 1) last.toSeq = run.toSeq;
  else runs.push({ ...run });
}
