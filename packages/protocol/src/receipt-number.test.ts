import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatReceiptNumber, parseReceiptNumber, printedTerminal } from "./receipt-number.ts";
import { refusalOf } from "./testing/refusal.ts";

const incarnation = fc.stringMatching(/^[0-9a-f]{16}$/);

describe("receipt numbers", () => {
  it("look as requirement 002 shows them, and grow wider than five digits when a day needs it", () => {
    const on = (sequence: number) => formatReceiptNumber({ terminal: "T01", businessDate: "2026-01-16", sequence });
    expect([1, 99_999, 100_000, 1_234_567].map(on)).toEqual([
      "T01-20260116-00001",
      "T01-20260116-99999",
      "T01-20260116-100000",
      "T01-20260116-1234567",
    ]);
  });

  it("can be taken apart again", () => {
    const day = fc.date({ min: new Date("1970-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    const number = fc.record({
      terminal: fc.stringMatching(/^[A-Z][A-Z0-9]{0,7}$/),
      businessDate: day.map((date) => date.toISOString().slice(0, 10)),
      sequence: fc.integer({ min: 1, max: 999_999_999_999_999 }),
    });
    fc.assert(
      fc.property(number, (given) => {
        expect(parseReceiptNumber(formatReceiptNumber(given))).toEqual(given);
      }),
    );
  });

  it("can be taken apart with the mark of a later life", () => {
    fc.assert(
      fc.property(incarnation, (life) => {
        const terminal = printedTerminal("KDS12345", life, 2);
        const given = { terminal, businessDate: "2026-01-16", sequence: 7 };
        expect(parseReceiptNumber(formatReceiptNumber(given))).toEqual(given);
      }),
    );
  });

  it.each([
    "",
    "T01",
    "T01-20260116",
    "T01-20260116-0001",
    "t01-20260116-00001",
    "T01-2026011-00001",
    "T01-20260116-00001 ",
    "T01-20260116-00001\n",
    "T01-20260116-1234567890123456",
    "01-20260116-00001",
    "TOOLONGABCDEF-20260116-00001",
  ])("refuses %j", (text) => {
    const { code, details } = refusalOf(() => parseReceiptNumber(text));
    expect({ code, field: details.field }).toEqual({ code: "INVALID_INPUT", field: "receiptNumber" });
  });
});

describe("the name a terminal prints", () => {
  it("is its short id in the first life", () => {
    expect(printedTerminal("T01", "ffffffffffffffff", 1)).toBe("T01");
  });

  it.each([
    ["0000000000000000", "T01R000"],
    ["ffff000000000000", "T01RZZZ"],
    ["0002000000000000", "T01R001"],
    ["0001000000000000", "T01R000"],
    ["8000000000000000", "T01RG00"],
    ["1234567890abcdef", "T01R28T"],
  ])("carries three characters of the incarnation %s later: %s", (life, printed) => {
    expect(printedTerminal("T01", life, 2)).toBe(printed);
    expect(printedTerminal("T01", life, 9)).toBe(printed);
  });

  it("uses only Crockford's letters, none of which is misread on paper, and every one of them", () => {
    const seen = new Set<string>();
    for (let bits = 0; bits < 2 ** 16; bits += 2) {
      const mark = printedTerminal("T", bits.toString(16).padStart(4, "0").padEnd(16, "0"), 2).slice(2);
      expect(mark).toMatch(/^[0-9A-HJKMNP-TV-Z]{3}$/);
      for (const char of mark) seen.add(char);
    }
    expect(seen.size).toBe(32);
  });
});
