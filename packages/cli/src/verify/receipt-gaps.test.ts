import { expect, it } from "vitest";
import { inOrder, type ReceiptFloor, type ReceiptPlace, receiptGaps } from "./receipt-gaps.ts";

const day = (businessDate: string, ...sequences: number[]) => sequences.map((sequence) => ({ businessDate, sequence }));
const gapsOf = (receipts: readonly ReceiptPlace[], floors: readonly ReceiptFloor[] = []) =>
  receiptGaps({ incarnation: "0123456789abcdef", receipts, floors, cause: "rolled back" });
const told = (...places: ReceiptPlace[]) => gapsOf(places).differences.map(({ what, detail }) => `${what}: ${detail}`);

it("finds nothing where every day runs from 1", () => {
  expect(told(...day("2026-01-16", 1, 2, 3), ...day("2026-01-17", 1), ...day("2026-01-18", 1, 2))).toEqual([]);
  expect(told()).toEqual([]);
});

it("tells one number or a run of them, at the start and in the middle", () => {
  const gap = "unexplained gap in receipt numbers";
  expect(told(...day("2026-01-16", 2, 3, 7), ...day("2026-01-17", 1, 3))).toEqual([
    `${gap}: 2026-01-16: 1 missing`,
    `${gap}: 2026-01-16: 4 to 6 missing`,
    `${gap}: 2026-01-17: 2 missing`,
  ]);
});

it("tells a number that was given twice, once for each time, and no gap for it", () => {
  const twice = "receipt number given twice: 2026-01-16: 2";
  expect(told(...day("2026-01-16", 1, 2, 2, 2, 3))).toEqual([twice, twice]);
});

it("explains the numbers that the till noted down as lost, and no others", () => {
  const floors = [
    { businessDate: "2026-01-16", from: 3, to: 4 },
    { businessDate: "2026-01-16", from: 6, to: 9 },
    { businessDate: "2026-01-17", from: 1, to: 9 },
  ];
  const { differences, explained } = gapsOf([...day("2026-01-16", 1, 7, 12), ...day("2026-01-18", 2)], floors);
  expect(explained.map(({ businessDate, from, to, cause }) => `${businessDate} ${from}-${to} ${cause}`)).toEqual([
    "2026-01-16 3-4 rolled back",
    "2026-01-16 6-6 rolled back",
    "2026-01-16 8-9 rolled back",
  ]);
  expect(differences.map(({ detail }) => detail)).toEqual([
    "2026-01-16: 2 missing",
    "2026-01-16: 5 missing",
    "2026-01-16: 10 to 11 missing",
    "2026-01-18: 1 missing",
  ]);
});

it("puts two lists in one order", () => {
  const one = [...day("2026-01-16", 1, 4), ...day("2026-01-18", 1)];
  const other = [...day("2026-01-16", 2, 3, 5), ...day("2026-01-17", 1), ...day("2026-01-18", 2)];
  const whole = [...day("2026-01-16", 1, 2, 3, 4, 5), ...day("2026-01-17", 1), ...day("2026-01-18", 1, 2)];
  expect([...inOrder(one, other)]).toEqual(whole);
  expect([...inOrder(other, [])]).toEqual(other);
  expect([...inOrder([], other)]).toEqual(other);
});
