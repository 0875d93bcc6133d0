import { describe, expect, it } from "vitest";
import { runSchedule } from "./schedule-run.ts";
import { runSchedules } from "./schedules.ts";

/** `npm run proof -- schedules` runs more. */
const SCHEDULES = 100;
const PER_TEST = 20;

describe(`${SCHEDULES} random schedules of outages, kills and clocks that jump`, () => {
  for (let fromSeed = 1; fromSeed <= SCHEDULES; fromSeed += PER_TEST) {
    it(`seeds ${fromSeed} to ${fromSeed + PER_TEST - 1}: every queue empties by itself, and no promise is broken`, async () => {
      const { failed, stuck, outages, kills, clockJumps } = await runSchedules({ fromSeed, count: PER_TEST });
      expect(failed.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
      expect(stuck).toBe(0);
      for (const count of [outages, kills, clockJumps]) expect(count).toBeGreaterThan(0);
    });
  }

  it("a schedule is the same again for the same seed", async () => {
    expect(await runSchedule(7)).toEqual(await runSchedule(7));
  });

  it("a till that may take no time at all is found out", async () => {
    const { stuck } = await runSchedules({ fromSeed: 1, count: 3, noticedWithinMs: -60_000 });
    expect(stuck).toBe(3);
  });
});
