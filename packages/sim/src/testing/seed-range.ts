import { describe, expect, it } from "vitest";
import { notMet } from "../coverage.ts";
import { runSeed } from "../world.ts";

/** Fixed seeds of the test suite. `tillsync`'s long run takes others. */
const DEFAULT_SEEDS = 1_000;
/** Seeds in one test: long enough to be cheap, short enough to show progress. */
const PER_TEST = 25;
/** Below this many seeds some rare faults are not met, and that says nothing. */
const ENOUGH_FOR_ALL_FAULTS = 400;

/** The part of the fixed seeds that one test file runs, so that the files share the cores. */
export function describeSeeds(part: number, parts: number): void {
  const total = Number(process.env.TILLSYNC_SIM_SEEDS ?? DEFAULT_SEEDS);
  const from = Math.floor((total * (part - 1)) / parts) + 1;
  const to = Math.floor((total * part) / parts);
  const coverage: Record<string, number> = {};
  describe(`seeds ${from} to ${to} of 1 to ${total}, 200 steps or more each`, () => {
    for (let first = from; first <= to; first += PER_TEST) {
      const last = Math.min(first + PER_TEST - 1, to);
      it(`seeds ${first} to ${last} break no promise, and 1 % give the same events twice`, async () => {
        for (let seed = first; seed <= last; seed++) await check(seed, coverage);
      });
    }
    it("they meet every fault there is", () => {
      if (to - from + 1 >= ENOUGH_FOR_ALL_FAULTS) expect(notMet(coverage)).toEqual([]);
    });
  });
}

async function check(seed: number, coverage: Record<string, number>): Promise<void> {
  const { violations, steps, eventHash, coverage: met } = await runSeed(seed);
  expect({ seed, violations }).toEqual({ seed, violations: [] });
  expect(steps).toBeGreaterThanOrEqual(200);
  if (seed % 100 === 0) expect({ seed, eventHash: (await runSeed(seed)).eventHash }).toEqual({ seed, eventHash });
  for (const [fault, times] of Object.entries(met)) coverage[fault] = (coverage[fault] ?? 0) + times;
}
