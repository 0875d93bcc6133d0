import { expect, it } from "vitest";
import { RULES, Schedule } from "../testing/schedule.ts";

const SEEDS = 300;

it(`no schedule of ${SEEDS} charges twice, and each payment ends paid, not paid or before a person`, async () => {
  const wrong: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++)
    for (const one of await new Schedule(seed, RULES).play()) wrong.push(`seed ${seed}: ${one}`);
  expect(wrong).toEqual([]);
});
