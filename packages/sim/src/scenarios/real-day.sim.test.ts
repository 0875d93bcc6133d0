import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { Random } from "../random.ts";
import { NOTICED_WITHIN_MS, WORK_MS } from "./liveness.ts";
import { play } from "./testing/play.ts";
import { hours, minutes, untilTime } from "./times.ts";

// The file is not ours to ship; it lies beside the repository where it is developed.
const BAKERY = fileURLToPath(new URL("../../../../../shared/data/bakery-breadbasket.csv.gz", import.meta.url));
/** A busy Saturday of the file. */
const DAY = "2016-11-05";
/** The file has no prices: one for every item, as in `examples/`. */
const PRICE_MINOR = 250;

/** One receipt: when it was printed, and what was on it. */
interface Receipt {
  readonly time: string;
  readonly items: readonly string[];
}

it("a real bakery day: morning and afternoon shift with the link dead until night, both settle by themselves, the day closes, and its Z report is right", async (context) => {
  if (!existsSync(BAKERY)) context.skip(`not run: the real file is not at ${BAKERY}`);
  const receipts = readDay(gunzipSync(readFileSync(BAKERY)).toString("utf8"));
  expect(receipts.length).toBeGreaterThan(100);
  await playDay(receipts);
});

it("a made-up bakery day: morning and afternoon shift with the link dead until night, both settle by themselves, the day closes, and its Z report is right", () => {
  const chance = new Random("bakery day");
  const receipts = Array.from({ length: 120 }, (_, index) => ({
    time: `${String(8 + Math.floor(index / 12)).padStart(2, "0")}:${String((index % 12) * 5).padStart(2, "0")}`,
    items: Array.from({ length: chance.between(1, 4) }, () => chance.pick(["Bread", "Coffee", "Jam"])),
  }));
  return playDay(receipts);
});

/** Shift opens, receipts print at their times, shift closes, the next one does the same; at night the link comes back. */
async function playDay(receipts: readonly Receipt[]): Promise<void> {
  const shifts = [
    { operator: "Amina", sales: receipts.filter(({ time }) => time < "13:00") },
    { operator: "Baraka", sales: receipts.filter(({ time }) => time >= "13:00") },
  ];
  await play({ profile: "shift" }, async (stage) => {
    const { till } = stage;
    await stage.at("07:30");
    till.cutLink();
    till.start();
    for (const { operator, sales } of shifts) {
      till.openShift(operator);
      for (const { time, items } of sales) {
        const waitMs = untilTime(stage.nowMs, time);
        // Two receipts in one minute: the next one is not tomorrow's.
        if (waitMs < hours(12)) await stage.advance(waitMs);
        sell(till, items);
      }
      await stage.advance(minutes(5));
      till.closeShift();
    }
    await stage.at("23:00");
    expect(stage.sales.count).toBe(0);
    const [first] = till.terminal.shifts();
    const day = first?.businessDate ?? "";
    till.healLink();
    await stage.until("the first change is there", () => stage.storedOf(till).length > 0, NOTICED_WITHIN_MS);
    expect(() => stage.closeDay(day), "nobody has compared anything yet").toThrow("cannot be closed");
    await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
    await stage.settled();
    expect(till.settlements).toMatchObject(Array(2).fill({ state: "settled", exceptions: 0, differences: 0 }));
    const pieces = receipts.reduce((sum, { items }) => sum + items.length, 0);
    expect(stage.sales).toEqual({ count: receipts.length, totalMinor: pieces * PRICE_MINOR });
    const z = stage.closeDay(day);
    expect(z).toMatchObject({ exceptions: 0, totals: [KES(pieces * PRICE_MINOR)] });
    expect(z.shifts.map(({ totals }) => totals)).toEqual(shifts.map(({ sales }) => [KES(takings(sales))]));
    for (const [index, closing] of closings(stage.storedOf(till)).entries()) {
      const sales = shifts[index]?.sales ?? [];
      expect(closing).toMatchObject({ counts: { "order.closed": sales.length }, totals: [KES(takings(sales))] });
    }
  });
}

const KES = (amountMinor: number) => ({ currency: "KES", tender: "cash", amountMinor });

function takings(sales: readonly Receipt[]): number {
  return sales.reduce((sum, { items }) => sum + items.length, 0) * PRICE_MINOR;
}

function sell(till: { sell(count: number, over: object): unknown }, items: readonly string[]): void {
  till.sell(1, {
    lines: items.map((item) => ({ item, quantity: "1", unitPrice: "2.50" })),
    tenders: [{ type: "cash", amountMinor: items.length * PRICE_MINOR }],
  });
}

function closings(stored: readonly { readonly kind: string | null; readonly body: string }[]): unknown[] {
  const found = stored.filter(({ kind }) => kind === "shift.closed");
  expect(found).toHaveLength(2);
  return found.map(({ body }) => (JSON.parse(body) as { payload: unknown }).payload);
}

/** The receipts of one day, in the order of their numbers. Rows are `Date,Time,Transaction,Item`, without quotes. */
function readDay(csv: string): Receipt[] {
  const byNumber = new Map<string, { time: string; items: string[] }>();
  for (const row of csv.split("\n")) {
    const [date, time = "", number = "", item = ""] = row.trim().split(",");
    if (date !== DAY || item === "NONE") continue;
    const receipt = byNumber.get(number) ?? { time: time.slice(0, 5), items: [] };
    receipt.items.push(item);
    byNumber.set(number, receipt);
  }
  return [...byNumber.values()];
}
