import { describe, expect, it } from "vitest";
import { catchVariant, variantsOf } from "../testing/catch-variant.ts";
import { VARIANTS } from "./index.ts";

/** Tests of the tests: an oracle that never complains about anything broken proves nothing about what is whole. */
describe("each broken variant is caught by an invariant that it breaks, and the product passes the same seeds", () => {
  it.each(variantsOf(1, 2))("%s", async (_name, variant) => {
    const { seed, product } = await catchVariant(variant);
    expect({ seed, product }).toEqual({ seed, product: [] });
  });

  it("there are enough of them, with names of their own, and each is in one of the halves", () => {
    expect(VARIANTS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(VARIANTS.map(({ name }) => name)).size).toBe(VARIANTS.length);
    const halves = [...variantsOf(1, 2), ...variantsOf(2, 2)].map(([name]) => name);
    expect(halves.toSorted()).toEqual(VARIANTS.map(({ name }) => name).toSorted());
  });
});
