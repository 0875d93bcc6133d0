import { expect, it } from "vitest";
import { restoreRounds } from "./testing/server-restores.ts";

const POINTS = 2;
const SEED = 20;

it(`a real PostgreSQL put back to ${POINTS} earlier points while five tills sell (seed ${SEED}): all that was acknowledged comes back, nothing twice, no feed number means two things (I6, I20)`, async () => {
  const { violations, ...figures } = await restoreRounds({ points: POINTS, seed: SEED, tills: 5 });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ points: POINTS, backups: 1, epochs: POINTS + 1 });
  expect(figures.lost).toBeGreaterThan(0);
}, 600_000);
