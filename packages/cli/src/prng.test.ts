import { expect, it } from "vitest";
import { prng } from "./prng.ts";

it("draws the same for the same seed, on every machine and in every version", () => {
  const random = prng(42);
  // Kept as numbers: seeded demos and tests are compared between machines.
  expect(Array.from({ length: 6 }, () => random.whole(0, 999))).toEqual([904, 274, 380, 706, 595, 994]);
});

it("draws something else for seeds that differ anywhere in their 53 bits", () => {
  const draws = [1, 2, 2 ** 32 + 1, 2 ** 52 + 1].map((seed) => {
    const random = prng(seed);
    return Array.from({ length: 8 }, () => random.whole(0, 1_000_000)).join();
  });
  expect(new Set(draws).size).toBe(4);
});

it("stays within its bounds and reaches both, evenly", () => {
  const random = prng(7);
  const tally = [0, 0, 0, 0, 0];
  for (let draw = 0; draw < 10_000; draw++) {
    const at = random.whole(1, 5) - 1;
    tally[at] = (tally[at] ?? Number.NaN) + 1;
  }
  for (const count of tally) expect(Math.abs(count - 2000)).toBeLessThan(200);
  expect([random.chance(0), random.chance(1), random.pick(["a"])]).toEqual([false, true, "a"]);
});
