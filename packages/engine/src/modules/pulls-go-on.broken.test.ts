import { WATCH_EVERY_MS } from "@tillsync/lanes";
import { expect, it } from "vitest";
import { PullingTill } from "../testing/pulling-till.ts";

const MINUTE = 60_000;
const DEADLINE_MS = 45_000;
const ITEMS = 500;

interface Variant {
  readonly name: string;
  /** Timers of these lengths never go off: whoever waits for them is missing. */
  readonly without: readonly number[];
  /** What happens to the pull meanwhile. */
  readonly trouble: (till: PullingTill) => Promise<void>;
}

const VARIANTS: readonly Variant[] = [
  {
    name: "nothing looks whether a pull goes on: a timer that is lost between two slices ends it for good",
    without: [WATCH_EVERY_MS],
    trouble: async (till) => {
      const loses = till.loses;
      till.loses = (delayMs) => delayMs === 0 || loses(delayMs);
      await till.work();
      till.loses = loses;
    },
  },
  {
    name: "pulls trust the transport to end each fetch, and nothing looks at what is under way",
    without: [WATCH_EVERY_MS, DEADLINE_MS],
    trouble: async (till) => {
      till.keepBack(2);
      await till.work();
    },
  },
];

it.each(VARIANTS)("is caught: $name", async ({ without, trouble }) => {
  const endsWith = async (lost: readonly number[]) => {
    const till = new PullingTill({ items: ITEMS, page: 200 });
    till.loses = (delayMs) => lost.includes(delayMs);
    till.start();
    await trouble(till);
    await till.clock.advance(60 * MINUTE);
    await till.work();
    return till.rows;
  };
  expect(await endsWith([])).toBe(ITEMS);
  expect(await endsWith(without)).toBe(0);
});
