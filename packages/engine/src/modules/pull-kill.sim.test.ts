import { countOf } from "@tillsync/protocol/testing";
import { expect, it } from "vitest";
import { pullRun } from "../testing/pull-run.ts";

const POINTS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 40, full: 100 });

it(`a pull that is killed at each of ${POINTS} points resumes, fetches less than a tenth again, shows no mix, and ends equal`, async () => {
  const whole = await pullRun(null);
  expect([...whole.violations]).toEqual([]);
  expect(whole.sentAgain).toBe(0);
  expect(whole.moments).toBeGreaterThan(POINTS);
  for (let point = 1; point <= POINTS; point++) {
    const killAt = Math.ceil((point * whole.moments) / (POINTS + 1));
    const { violations, sent, sentAgain } = await pullRun(killAt);
    expect({ killAt, violations: [...violations] }).toEqual({ killAt, violations: [] });
    expect(sentAgain / sent, `fetched again when killed at ${killAt}`).toBeLessThan(0.1);
  }
});
