import { expect, it } from "vitest";
import { AmountSums, MAX_AMOUNTS, OTHER_TENDERS } from "./amounts.ts";

function summed(...amounts: [currency: string, tender: string, amountMinor: number][]) {
  const sums = new AmountSums();
  for (const [currency, tender, amountMinor] of amounts) sums.add({ currency, tender, amountMinor });
  return sums.list().map(({ currency, tender, amountMinor }) => `${currency} ${tender} ${amountMinor}`);
}

it("adds up by currency and tender, change given back included, and sorts by both", () => {
  const given = summed(["KES", "cash", 200], ["USD", "card", 5], ["KES", "cash", -80], ["KES", "card", 1]);
  expect(given).toEqual(["KES card 1", "KES cash 120", "USD card 5"]);
});

it("stays at the limit of what can be counted exactly, so that a sum of nonsense cannot block a closing", () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(summed(["KES", "cash", most - 1], ["KES", "cash", 5], ["KES", "cash", -3])).toEqual([`KES cash ${most}`]);
  expect(summed(["KES", "cash", -most], ["KES", "cash", -1])).toEqual([`KES cash ${-most}`]);
});

it("names as many kinds as a manifest has room for, and keeps the money of the rest", () => {
  const sums = new AmountSums();
  const kinds = MAX_AMOUNTS + 700;
  for (let at = 0; at < kinds; at++)
    sums.add({ currency: at % 2 ? "KES" : "USD", tender: `voucher-${at}`, amountMinor: 1 });
  const list = sums.list();
  expect(list.length).toBeLessThanOrEqual(MAX_AMOUNTS);
  expect(list.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(kinds);
  expect(list.filter(({ tender }) => tender === OTHER_TENDERS)).toEqual([
    { currency: "USD", tender: OTHER_TENDERS, amountMinor: kinds - (list.length - 1) },
  ]);
});
