import { describe, expect, it } from "vitest";
import { findVariant } from "../variants/index.ts";
import { runSchedule, type ScheduleResult } from "./schedule.ts";
import { runSchedules } from "./schedules.ts";
import { TROUBLES } from "./trouble.ts";

/** `npm run proof -- schedules` runs thousands. */
const SCHEDULES = 200;
const PER_TEST = 10;

describe("outages of a minute to three weeks, of every kind, with kills and clocks that jump (I12)", () => {
  const seen: ScheduleResult[] = [];
  for (let first = 1; first <= SCHEDULES; first += PER_TEST) {
    it(`schedules ${first} to ${first + PER_TEST - 1}: empty in time after each, nobody doing anything`, async () => {
      const range = { fromSeed: first, count: PER_TEST };
      const { failed, stuck } = await runSchedules({ ...range, onProgress: (result) => void seen.push(result) });
      expect(failed.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
      expect(stuck).toBe(0);
    });
  }

  it("they meet every trouble, alone and two at once, and every incident, in every profile, with one till and with three, and weeks of it", () => {
    expect(new Set(seen.flatMap(({ troubles }) => troubles)).size).toBe(TROUBLES.length);
    expect(new Set(seen.map(({ profile, tills }) => `${profile} ${tills}`)).size).toBe(9);
    expect(Math.max(...seen.map(({ troubles }) => troubles.length))).toBeGreaterThan(3);
    for (const what of ["kills", "clockJumps", "lostTimers"] as const)
      expect(seen.some((result) => result[what] > 0)).toBe(true);
    expect(Math.max(...seen.map(({ simulatedMs }) => simulatedMs))).toBeGreaterThan(7 * 86_400_000);
  });

  it("the same seed gives the same events", async () => {
    const short = seen.reduce((a, b) => (a.events < b.events ? a : b));
    const many = seen.find(({ tills, events }) => tills === 3 && events < 20_000) ?? short;
    for (const { seed, eventHash } of [short, many]) expect((await runSchedule(seed)).eventHash).toBe(eventHash);
  });

  it("a till in the profile shift that was answered late, and sold something since, has missed nothing", async () => {
    expect(await runSchedule(240)).toMatchObject({ profile: "shift", troubles: ["slowLink"], violations: [] });
  });

  it.each(["no-probe", "one-early-failed-ping", "breaker-stays-open", "no-watchdog", "no-deadline-of-its-own"])(
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
