import { expect, it } from "vitest";
import { PullingTill } from "../testing/pulling-till.ts";
import { sale } from "../testing/till.ts";
import { SLICE_MS } from "./slices.ts";

/** The clock is looked at every 16 rows, each of up to four statements of 0.1 ms, and a slice ends with three more. */
const LOOK_MS = 16 * 0.4 + 0.3;

/** Sales come in the middle of slices, at one place after the other. */
const EVERY_STATEMENTS = 37;

/**
 * A cashier's sales during a pull, each a request that arrives while the till works on a page, and has its turn behind
 * what was there before it. Time passes with the statements that are run, and with nothing else.
 */
async function salesDuringAPull(page: number) {
  const till = new PullingTill({ items: 2_000, page });
  const waits: { readonly slices: number; readonly ms: number }[] = [];
  let [slices, statements, isWaiting] = [0, 0, false];
  till.start();
  const { clock } = till.ports;
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  till.onSlice = () => slices++;
  till.onStatement = (sql) => {
    if (!sql.includes("module_row") || isWaiting || ++statements % EVERY_STATEMENTS !== 0) return;
    const cameAt = { slices, ms: clock.monotonicMs() };
    isWaiting = true;
    clock.after(0, () => {
      waits.push({ slices: slices - cameAt.slices, ms: clock.monotonicMs() - cameAt.ms });
      till.terminal.closeOrder(sale(`during-${waits.length}`));
      isWaiting = false;
    });
    slices--; // this timer is the sale's
  };
  await till.work();
  expect(till.rows).toBe(2_000);
  return waits;
}

it.each([50, 400, 2_000])(
  "a sale that comes during a pull waits for one slice at most: pages of %i rows",
  async (page) => {
    const waits = await salesDuringAPull(page);
    expect(Math.max(...waits.map(({ slices }) => slices))).toBeLessThanOrEqual(1);
    expect(Math.max(...waits.map(({ ms }) => ms))).toBeLessThanOrEqual(SLICE_MS + LOOK_MS);
    expect(waits.length).toBeGreaterThan(10);
  },
);
