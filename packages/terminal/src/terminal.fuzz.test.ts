import { FUZZ_INPUTS, fuzzSeed, tellFigures } from "@tillsync/protocol/testing";
import { expect, it, vi } from "vitest";
import { terminalApp } from "./app.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import { fuzzTerminalDoor, fuzzTerminalSales, terminalRoutes } from "./testing/fuzz-terminal.ts";

/** A bound for a machine that has other things to do; alone, all of it takes about a minute. */
vi.setConfig({ testTimeout: 240_000 });

const seed = fuzzSeed(process.env.TILLSYNC_SEED, Date.now());

it.each([
  ["the till's door", FUZZ_INPUTS.terminalRequests, fuzzTerminalDoor],
  ["a real till", FUZZ_INPUTS.terminalSales, fuzzTerminalSales],
] as const)(`%s does not break on %i hostile requests, seed ${seed}`, async (_what, inputs, fuzz) => {
  const { violations, ...figures } = await fuzz({ seed, inputs });
  tellFigures({ seed, ...figures });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ crashes: 0, status500: 0 });
});

it("every route of the door is asked", async () => {
  const app = terminalApp({ terminal: new FakeTerminal() });
  await app.ready();
  const routes = terminalRoutes(app);
  expect(routes).toContain("POST /api/orders/:localId/void");
  expect(routes).toContain("GET /page.json");
  for (const route of routes) {
    const [method = "", url = ""] = route.split(" ");
    expect(app.hasRoute({ method, url }), route).toBe(true);
  }
});
