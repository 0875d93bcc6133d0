import { FUZZ_INPUTS, fuzzSeed, tellFigures } from "@tillsync/protocol/testing";
import { it, vi } from "vitest";
import { fuzzContents, fuzzServer } from "../testing/fuzz-doors.ts";

/** A bound for a machine that has other things to do; alone, all of it takes about a minute. */
vi.setConfig({ testTimeout: 240_000 });

const seed = fuzzSeed(process.env.TILLSYNC_SEED, Date.now());

// Side by side: each has a database of its own, and waits for its disk.
it.concurrent.for([
  ["route of the centre", FUZZ_INPUTS.serverRequests, fuzzServer],
  ["stored change", FUZZ_INPUTS.contents, fuzzContents],
] as const)(`no %s breaks on %i hostile inputs, seed ${seed}`, async ([_what, inputs, fuzz], { expect }) => {
  const { violations, ...figures } = await fuzz({ seed, inputs });
  tellFigures({ seed, ...figures });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ crashes: 0, status500: 0 });
  expect(figures.inputs).toBeGreaterThanOrEqual(inputs);
});
