import type { Violation } from "../chronicle.ts";
import { VARIANTS } from "../variants/index.ts";
import { PRODUCT, type Variant } from "../variants/variant.ts";
import { runSeed } from "../world.ts";

/** A variant that is not caught by then would not be caught in a day's work either. */
const MAX_SEEDS = 40;

export interface Caught {
  readonly seed: number;
  /** What the product does wrong with the same seed and the same faults: nothing, or the catch was none. */
  readonly product: readonly Violation[];
}

const needsOf = ({ needs = [] }: Variant) => needs.toSorted().join(" ");

/** One part of the variants. Those that need the same faults stay together: the product meets these once for all of them. */
export function variantsOf(part: number, parts: number): readonly (readonly [string, Variant])[] {
  const groups = [...Map.groupBy(VARIANTS, needsOf).values()].sort((one, other) => other.length - one.length);
  const shares = Array.from({ length: parts }, (): Variant[] => []);
  for (const group of groups) {
    const least = shares.reduce((one, other) => (other.length < one.length ? other : one));
    least.push(...group);
  }
  return (shares[part - 1] ?? []).map((each) => [each.name, each]);
}

/** Runs a variant until one of its invariants notices, and the product on the seed where it did. */
export async function catchVariant(variant: Variant): Promise<Caught> {
  const { likelySeed = 1, caughtBy, name } = variant;
  const seeds = Array.from({ length: MAX_SEEDS }, (_, index) => index + 1).filter((seed) => seed !== likelySeed);
  const seen = new Set<string>();
  for (const seed of [likelySeed, ...seeds]) {
    const { violations } = await runSeed(seed, { variant });
    const invariants = [...new Set(violations.map(({ invariant }) => invariant))];
    if (invariants.some((invariant) => caughtBy.includes(invariant)))
      return { seed, product: await productOn(seed, variant) };
    for (const invariant of invariants) seen.add(invariant);
  }
  const others = [...seen].join(", ") || "none";
  throw new Error(`${name} was not caught by ${caughtBy.join(", ")} in ${MAX_SEEDS} seeds; others: ${others}`);
}

const known = new Map<string, Promise<readonly Violation[]>>();

function productOn(seed: number, variant: Variant): Promise<readonly Violation[]> {
  const { needs } = variant;
  const key = `${seed} ${needsOf(variant)}`;
  const run =
    known.get(key) ?? runSeed(seed, { variant: { ...PRODUCT, ...(needs && { needs }) } }).then((r) => r.violations);
  known.set(key, run);
  return run;
}
