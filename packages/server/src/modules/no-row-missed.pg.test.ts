import { expect, it } from "vitest";
import { missedRows } from "../testing/module-writers.ts";

const WRITERS = 8;
const COMMITS = 40;

it("a cursor misses nothing while transactions are held, where a sequence and a time do in the same run (I14, F1)", async ({
  annotate,
}) => {
  const seed = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1e9);
  const figures = await missedRows({ seed, writers: WRITERS, isOver: (commits) => commits >= COMMITS });
  annotate(`seed ${seed}: ${JSON.stringify(figures)}`);
  expect(figures).toMatchObject({ commits: WRITERS * COMMITS, missedByCursor: 0 });
  expect(figures.held).toBeGreaterThan(20);
  expect(figures.missedBySequence).toBeGreaterThan(0);
  expect(figures.missedByTimestamp).toBeGreaterThan(0);
});
