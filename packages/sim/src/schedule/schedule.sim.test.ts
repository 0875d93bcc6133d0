import { describe, expect, it } from "vitest";
import { findVariant } from "../variants/index.ts";
import { runSchedule, type ScheduleResult } from "./schedule.ts";
import { TROUBLES } from "./trouble.ts";

/** The long run of the proof takes thousands. */
const SCHEDULES = 120;
const PER_TEST = 6;

describe("outages of a minute to three weeks, of every kind (I12)", () => {
  const seen: ScheduleResult[] = [];
  for (let first = 1; first <= SCHEDULES; first += PER_TEST) {
    it(`schedules ${first} to ${first + PER_TEST - 1}: empty in time after each, nobody doing anything`, async () => {
      for (let seed = first; seed < first + PER_TEST; seed++) {
        const result = await runSchedule(seed);
        expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] });
        seen.push(result);
      }
    });
  }

  it("they meet every trouble in every profile, weeks of it, and the same seed gives the same events", async () => {
    expect(new Set(seen.flatMap(({ troubles }) => troubles)).size).toBe(TROUBLES.length);
    expect(new Set(seen.map(({ profile }) => profile)).size).toBe(3);
    expect(Math.max(...seen.map(({ simulatedMs }) => simulatedMs))).toBeGreaterThan(7 * 86_400_000);
    const short = seen.reduce((a, b) => (a.events < b.events ? a : b));
    expect((await runSchedule(short.seed)).eventHash).toBe(short.eventHash);
  });

  it.each(["no-probe", "one-early-failed-ping", "breaker-stays-open", "no-deadline-of-its-own"])(
    "catch %s",
    async (name) => {
      const variant = findVariant(name);
      for (let seed = 1; seed <= 60; seed++) {
        const { violations } = await runSchedule(seed, { variant });
        if (violations.some(({ invariant }) => invariant === "I12")) return;
      }
      expect.unreachable(`${name} was not caught`);
    },
  );
});
