import { expect, it } from "vitest";
import { type Flaws, runConvergence } from "./convergence.ts";

/** `npm run proof -- convergence` runs 5,000. */
const SCHEDULES = 300;

it("terminals that edit, pay and end the same orders apart show the same in the end, and lose nothing", () => {
  for (let seed = 1; seed <= SCHEDULES; seed++)
    expect({ seed, wrong: runConvergence(seed) }).toEqual({ seed, wrong: [] });
});

it.each<[string, Flaws]>([
  ["keeps the last edit instead of the union", { lastEditWins: true }],
  ["drops what is gone", { dropsTombstones: true }],
  ["lets the header stand that it heard of last", { lastHeardHeaderWins: true }],
  ["stamps a header by its clock alone", { stampsByClockAlone: true }],
  ["writes what of a header was not changed", { writesUnchanged: true }],
])("a till that %s is noticed", (_name, flaws) => {
  const noticed = Array.from({ length: 50 }, (_, index) => runConvergence(index + 1, flaws)).some(
    (wrong) => wrong.length > 0,
  );
  expect(noticed).toBe(true);
});
