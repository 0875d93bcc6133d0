import { SyncError } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { typedAmount, typedCount } from "./amounts.ts";

it.each([
  ["5120", "KES", 512_000],
  ["5120.5", "KES", 512_050],
  ["0", "KES", 0],
  ["-3.05", "KES", -305],
  ["500", "JPY", 500],
  ["1.005", "KWD", 1005],
])("reads %s %s as minor units", (text, currency, minor) => {
  expect(typedAmount("--float", text, currency)).toBe(minor);
});

it.each([
  ["12.345", "KES", "such as 512.50"],
  ["1.5", "JPY", "a whole amount"],
  ["1,200", "KES", "such as 512.50"],
  ["", "KES", "such as 512.50"],
  ["1e3", "KWD", "such as 512.500"],
])("refuses %s %s by its name, and rounds nothing", (text, currency, says) => {
  expect(() => typedAmount("--float", text, currency)).toThrow(`--float must be`);
  expect(() => typedAmount("--float", text, currency)).toThrow(says);
});

it("reads what was counted by tender, in the till's currency or another", () => {
  expect(typedCount("cash=5120.00", "KES")).toEqual({ currency: "KES", tender: "cash", amountMinor: 512_000 });
  expect(typedCount("USD:cash=5", "KES")).toEqual({ currency: "USD", tender: "cash", amountMinor: 500 });
  expect(typedCount("gift card=-1.5", "KES")).toEqual({ currency: "KES", tender: "gift card", amountMinor: -150 });
  for (const text of ["cash", "=5", "cash=", "cash=five"]) expect(() => typedCount(text, "KES")).toThrow(SyncError);
});
