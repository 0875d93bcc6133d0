import { FUZZ_INPUTS, fuzzSeed } from "@tillsync/protocol/testing";
import { expect, it } from "vitest";
import { fuzzContents, fuzzServer } from "../testing/fuzz-doors.ts";
import { fuzzReaders } from "../testing/fuzz-readers.ts";

const seed = fuzzSeed();

it.each([
  ["reader", FUZZ_INPUTS.readers, fuzzReaders],
  ["route of the centre", FUZZ_INPUTS.serverRequests, fuzzServer],
  ["stored change", FUZZ_INPUTS.contents, fuzzContents],
] as const)(`no %s breaks on %i hostile inputs, seed ${seed}`, async (_what, inputs, fuzz) => {
  const { violations, ...figures } = await fuzz({ seed, inputs });
  console.log(JSON.stringify({ seed, ...figures }));
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ crashes: 0, status500: 0 });
  expect(figures.inputs).toBeGreaterThanOrEqual(inputs);
});
