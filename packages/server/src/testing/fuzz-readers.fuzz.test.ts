import { FUZZ_INPUTS, fuzzSeed, tellFigures } from "@tillsync/protocol/testing";
import { expect, it, vi } from "vitest";
import { fuzzReaders } from "./fuzz-readers.ts";

/** A bound for a machine that has other things to do; alone, it takes half a minute. */
vi.setConfig({ testTimeout: 240_000 });

const seed = fuzzSeed(process.env.TILLSYNC_SEED, Date.now());

it(`no reader breaks on ${FUZZ_INPUTS.readers} hostile inputs, seed ${seed}`, async () => {
  const { violations, ...figures } = await fuzzReaders({ seed, inputs: FUZZ_INPUTS.readers });
  tellFigures({ seed, ...figures });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ crashes: 0, status500: 0 });
  expect(figures.inputs).toBeGreaterThanOrEqual(FUZZ_INPUTS.readers);
});
