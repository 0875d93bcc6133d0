import { describe, expect, it } from "vitest";
import { catchVariant, variantsOf } from "../testing/catch-variant.ts";

/** Tests of the tests: an oracle that never complains about anything broken proves nothing about what is whole. */
describe("each broken variant is caught by an invariant that it breaks, and the product passes the same seeds", () => {
  it.each(variantsOf(2, 2))("%s", async (_name, variant) => {
    const { seed, product } = await catchVariant(variant);
    expect({ seed, product }).toEqual({ seed, product: [] });
  });
});
