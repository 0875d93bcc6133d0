import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { minorDigits } from "./minor-digits.ts";
import {
  currency,
  decimal,
  formatMinor,
  lineAmountMinor,
  minorOf,
  readDecimal,
  readMinor,
  subtractDecimals,
} from "./money.ts";
import { refusalOf } from "./testing/refusal.ts";

/** Decimal text as sellers write it: up to six places, either sign. */
const amount = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 99_999 }), fc.option(fc.stringMatching(/^[0-9]{1,6}$/), { nil: "" }))
  .map(([negative, whole, places]) => `${negative ? "-" : ""}${whole}${places === "" ? "" : `.${places}`}`);
const money = fc.constantFrom("KES", "USD", "JPY", "UGX", "KWD", "TND", "CLF");

/** Half-up away from zero, worked out in whole numbers only, apart from the code under test. */
function exactMinor(quantity: string, unitPrice: string, digits: number): bigint {
  const [q, p] = [scaled(quantity), scaled(unitPrice)];
  const product = q * p * 10n ** BigInt(digits);
  const unit = 10n ** 12n;
  const magnitude = product < 0n ? -product : product;
  const rounded = (magnitude + unit / 2n) / unit;
  return product < 0n ? -rounded : rounded;
}

/** Millionths. */
function scaled(text: string): bigint {
  const [whole = "0", places = ""] = text.replace("-", "").split(".");
  const magnitude = BigInt(whole + places.padEnd(6, "0"));
  return text.startsWith("-") ? -magnitude : magnitude;
}

describe("lineAmountMinor", () => {
  it.each([
    ["1", "45.99", "KES", 4599],
    ["0.250", "59.90", "KES", 1498],
    ["0.5", "0.01", "KES", 1],
    ["0.4999", "0.01", "KES", 0],
    ["-0.5", "0.01", "KES", -1],
    ["3", "33.335", "GBP", 10_001],
    ["1", "1.005", "USD", 101],
    ["2", "60.5", "JPY", 121],
    ["1", "60.5", "JPY", 61],
    ["1", "0.0005", "KWD", 1],
    ["1.5", "1.111", "KWD", 1667],
    ["-0", "5", "KES", 0],
  ])("%s x %s %s is %i minor units", (quantity, unitPrice, code, expected) => {
    expect(lineAmountMinor(quantity, unitPrice, code)).toBe(expected);
  });

  it("is exact to the minor unit, whatever the decimals", () => {
    fc.assert(
      fc.property(amount, amount, money, (quantity, unitPrice, code) => {
        const expected = exactMinor(quantity, unitPrice, minorDigits(code));
        expect(BigInt(lineAmountMinor(quantity, unitPrice, code))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("makes a return the exact opposite of its sale", () => {
    fc.assert(
      fc.property(amount, amount, money, (quantity, unitPrice, code) => {
        const back = quantity.startsWith("-") ? quantity.slice(1) : `-${quantity}`;
        expect(lineAmountMinor(back, unitPrice, code) + lineAmountMinor(quantity, unitPrice, code)).toBe(0);
      }),
    );
  });

  it("never gives minus zero, which canonical text would write as another byte string elsewhere", () => {
    expect(Object.is(lineAmountMinor("-0.001", "0.01", "KES"), 0)).toBe(true);
  });

  it.each([
    ["1e3", "1", "quantity"],
    ["1,5", "1", "quantity"],
    ["1", ".5", "unitPrice"],
    ["1", "1.", "unitPrice"],
    ["", "1", "quantity"],
    ["01", "1", "quantity"],
    ["NaN", "1", "quantity"],
    ["1", "0.1234567", "unitPrice"],
    ["999999999999999", "999999999999999", "amountMinor"],
  ])("refuses %s x %s and names %s", (quantity, unitPrice, field) => {
    const { code, details } = refusalOf(() => lineAmountMinor(quantity, unitPrice, "KES"));
    expect({ code, field: details.field }).toEqual({ code: "INVALID_INPUT", field });
  });
});

describe("minorOf and formatMinor", () => {
  it.each([
    ["45.99", "KES", 4599],
    ["45.995", "KES", 4600],
    ["-45.995", "KES", -4600],
    ["7", "JPY", 7],
    ["1.2345", "KWD", 1235],
    ["1.2345", "CLF", 12_345],
  ])("%s %s is %i minor units", (text, code, expected) => {
    expect(minorOf(text, code)).toBe(expected);
  });

  it("give each other's input back", () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }), money, (given, code) => {
        expect(minorOf(formatMinor(given, code), code)).toBe(given === 0 ? 0 : given);
      }),
    );
  });

  it.each([
    [1250, "KES", "12.50"],
    [-5, "KES", "-0.05"],
    [0, "KES", "0.00"],
    [1250, "JPY", "1250"],
    [1250, "KWD", "1.250"],
    [9007199254740991, "KES", "90071992547409.91"],
  ])("%i %s is written %s", (given, code, text) => {
    expect(formatMinor(given, code)).toBe(text);
  });
});

describe("currencies", () => {
  it("have the digits of ISO 4217 list one, and two where the list is silent", () => {
    const digits = (codes: string) => [...new Set(codes.split(" ").map(minorDigits))];
    expect(digits("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF")).toEqual([0]);
    expect(digits("KES TZS ETB GBP EUR USD NGN ZAR MGA MRU")).toEqual([2]);
    expect(digits("BHD IQD JOD KWD LYD OMR TND")).toEqual([3]);
    expect(digits("CLF UYW")).toEqual([4]);
  });

  it("take three capitals, and nothing that every object has is a currency", () => {
    expect(["KES", "kes", "KE", "KESS", "KE1"].map((code) => currency.safeParse(code).success)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(minorDigits("constructor")).toBe(2);
  });

  it("decimal text has one shape", () => {
    const good = ["0", "-0", "1", "0.250", "-12.5", "999999999999999.999999"];
    const bad = ["+1", "00", ".5", "1.", "1e2", "", " 1", "1 ", "1\n", "Infinity", "1000000000000000", "0x1", "١"];
    expect(good.filter((text) => !decimal.safeParse(text).success)).toEqual([]);
    expect(bad.filter((text) => decimal.safeParse(text).success)).toEqual([]);
  });
});

describe("readMinor", () => {
  it.each([
    ["45.99", "KES", 4599, false],
    ["45.989999999999995", "KES", 4599, true],
    ["0.005", "KES", 1, true],
    ["-0.005", "KES", -1, true],
    ["1e2", "KES", 10_000, false],
    ["100", "JPY", 100, false],
    ["1.2345", "KWD", 1235, true],
    ["-0.00", "KES", 0, false],
  ])("%s %s is %i minor units, rounded: %s", (text, currency, minor, rounded) => {
    expect(readMinor(text, currency)).toEqual({ minor, rounded });
  });

  it.each(["", "NaN", "Infinity", "1,5", "0x10", " 1", "1e999", "90071992547409.93", "1".repeat(50)])(
    "does not read %s",
    (text) => {
      expect(readMinor(text, "KES")).toBeUndefined();
    },
  );
});

describe("readDecimal", () => {
  it.each([
    ["2", "2"],
    ["2.50", "2.5"],
    ["0.30000000000000004", "0.3"],
    ["1e3", "1000"],
    ["-0", "0"],
    ["0.0000001", "0"],
    ["1e15", undefined],
    ["two", undefined],
  ])("%s is %s", (text, expected) => {
    expect(readDecimal(text)).toBe(expected);
  });

  it("subtracts without a binary fraction", () => {
    expect(subtractDecimals("0.3", "0.1")).toBe("0.2");
  });
});
