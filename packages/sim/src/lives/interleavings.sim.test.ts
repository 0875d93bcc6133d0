import { expect, it } from "vitest";
import { PRODUCT, type Variant } from "../variants/variant.ts";
import { asIfStored, onFailure } from "../variants/wrap.ts";
import { runInterleaving } from "./interleaving.ts";

/** Some 0.08 s of CPU each. */
const INTERLEAVINGS = 500;
const PER_TEST = 25;

for (let first = 1; first <= INTERLEAVINGS; first += PER_TEST) {
  it(`interleavings ${first} to ${first + PER_TEST - 1} of copies, rollbacks and losses lose nothing, count once and stop nowhere`, async () => {
    for (let seed = first; seed < first + PER_TEST; seed++) {
      const { violations, happened } = await runInterleaving(seed);
      expect({ seed, happened, violations }).toEqual({ seed, happened, violations: [] });
    }
  });
}

/** What somebody might have written instead. */
const BROKEN: readonly Variant[] = [
  {
    ...PRODUCT,
    name: "no new life",
    transport: (transport) =>
      onFailure(transport, async (request, error) => {
        if ((error as { code?: unknown }).code !== "FORK") throw error;
        return asIfStored(request);
      }),
  },
  {
    ...PRODUCT,
    name: "origins forgotten",
    transport: (transport) => ({
      exchange: (request, signal, id) =>
        transport.exchange(
          { ...request, changes: request.changes.map(({ origin: _gone, ...change }) => change) },
          signal,
          id,
        ),
    }),
  },
  {
    ...PRODUCT,
    name: "nothing given back",
    transport: (transport) => ({
      exchange: async (request, signal, id) => ({ ...(await transport.exchange(request, signal, id)), give: [] }),
    }),
  },
];

it.each(BROKEN.map((variant) => [variant.name, variant] as const))("catch: %s", async (name, variant) => {
  for (let seed = 1; seed <= 40; seed++) if ((await runInterleaving(seed, variant)).violations.length > 0) return;
  expect.unreachable(`${name} was not caught`);
});
