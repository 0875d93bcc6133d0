import { FUZZ_INPUTS, fuzzSeed, tellFigures } from "@tillsync/protocol/testing";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { fuzzLiveServer, fuzzLiveTerminal } from "./testing/fuzz-live.ts";
import { LiveDoors, memoryOf, probe } from "./testing/live-doors.ts";

/** A bound for a machine that has other things to do; alone, all of it takes about a minute. */
vi.setConfig({ testTimeout: 240_000 });

const seed = fuzzSeed(process.env.TILLSYNC_SEED, Date.now());
/** What a process may keep after thousands of hostile connections: its heap settles, it does not grow. */
const MAX_GROWTH_BYTES = 200 * 1024 * 1024;

let doors: LiveDoors;

beforeAll(async () => {
  doors = await LiveDoors.start();
});
afterAll(() => doors.stop());

it.each([
  ["the centre", FUZZ_INPUTS.liveServer, "server"],
  ["a till", FUZZ_INPUTS.liveTerminal, "till"],
] as const)(`%s lives through %i hostile connections and stays healthy, seed ${seed}`, async (_what, inputs, name) => {
  const { pid, url } = doors[name];
  const before = memoryOf(pid);
  const prober = probe(url);
  const options = { seed, inputs };
  const { violations, ...figures } =
    name === "server" ? await fuzzLiveServer(doors, options) : await fuzzLiveTerminal(doors, options);
  const health = await prober.stop();
  const after = memoryOf(pid);
  tellFigures({ seed, name, ...figures, healthy: health.healthy, before, after });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ crashes: 0, status500: 0 });
  expect(health).toMatchObject({ others: [] });
  expect(health.healthy).toBeGreaterThan(0);
  expect(doors.deaths).toEqual([]);
  expect(doors.mistakes()).toEqual([]);
  if (before && after) expect(after.residentBytes - before.residentBytes).toBeLessThan(MAX_GROWTH_BYTES);
});

it("the centre can apply whatever the till's door let in", async () => {
  const effects = await doors.effectsOfTill();
  tellFigures({ effects });
  expect(effects).toEqual({ left: 0, applied: expect.any(Number) });
  expect(effects.applied).toBeGreaterThan(5);
});
