import { describe, expect, it } from "vitest";
import { runSeed } from "../world.ts";
import { VARIANTS } from "./index.ts";
import { PRODUCT, type Variant } from "./variant.ts";

/** A variant that is not caught by then would not be caught in a day's work either. */
const MAX_SEEDS = 40;

/** Tests of the tests: an oracle that never complains about anything broken proves nothing about what is whole. */
describe("each broken variant is caught by an invariant that it breaks, and the product passes the same seeds", () => {
  it.each(VARIANTS.map((variant) => [variant.name, variant] as const))("%s", async (_name, variant) => {
    const { seed, invariants } = await catchingSeed(variant);
    expect(
      invariants.some((invariant) => variant.caughtBy.includes(invariant)),
      `caught by ${invariants.join(", ")}`,
    ).toBe(true);
    const faults = variant.needs === undefined ? {} : { needs: variant.needs };
    for (let same = 1; same <= seed; same++) {
      const { violations } = await runSeed(same, { variant: { ...PRODUCT, ...faults } });
      expect({ seed: same, violations }).toEqual({ seed: same, violations: [] });
    }
  });

  it("there are enough of them, with names of their own", () => {
    expect(VARIANTS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(VARIANTS.map(({ name }) => name)).size).toBe(VARIANTS.length);
  });
});

async function catchingSeed(variant: Variant): Promise<{ seed: number; invariants: string[] }> {
  let seen: string[] = [];
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const { violations } = await runSeed(seed, { variant });
    const invariants = [...new Set(violations.map(({ invariant }) => invariant))];
    if (invariants.some((invariant) => variant.caughtBy.includes(invariant))) return { seed, invariants };
    seen = [...new Set([...seen, ...invariants])];
  }
  throw new Error(
    `${variant.name} was not caught by ${variant.caughtBy.join(", ")} in ${MAX_SEEDS} seeds; others: ${seen.join(", ") || "none"}`,
  );
}
