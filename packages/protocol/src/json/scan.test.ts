import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { scanJson } from "./scan.ts";

describe("scanJson", () => {
  it.each([
    '{"a":{"x":1},"b":{"x":2},"c":[{"x":1},{"x":2}]}',
    ' { "a" : "b" , "b" : "a" } ',
    '{"a":"a"}',
    '["a","a","__proto__"]',
    '{"a":"__proto__","b":"1.5","c":"{\\"x\\":1,\\"x\\":2.5}"}',
    '{"a":true,"b":false,"c":null,"d":-12}',
    '{"\\\\":1,"\\"":2}',
    '""',
    "[]",
  ])("lets %s pass", (text) => {
    expect(() => scanJson(text)).not.toThrow();
    JSON.parse(text);
  });

  it.each([
    ["a name twice", '{"a":1,"a":2}'],
    ["a name twice, one escaped", '{"a":1,"\\u0061":2}'],
    ["a name twice, with space before the colon", '{"a" : 1,"b":[],"a"\n:2}'],
    ["a name twice, deep inside", '{"x":[{"y":{"a":1,"b":{"a":1},"a":2}}]}'],
    ["__proto__", '{"__proto__":{"polluted":1}}'],
    ["__proto__, escaped", '{"\\u005f_proto__":1}'],
    ["__proto__, in a list", '[{"a":[{"__proto__":1}]}]'],
    ["a fraction", '{"a":1.5}'],
    ["a whole number with a point", '{"a":1.0}'],
    ["an exponent", '{"a":1e3}'],
    ["a capital exponent", '{"a":1E3}'],
    [
      "1001 names in one object",
      JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, 1]))),
    ],
    ["33 levels", `${"[".repeat(33)}${"]".repeat(33)}`],
  ])("refuses %s", (_what, text) => {
    JSON.parse(text);
    expect(() => scanJson(text)).toThrow(expect.objectContaining({ code: "INVALID_JSON" }));
  });

  it.each([
    ["2^53+1", "[9007199254740993]", "0"],
    ["2^53", '{"a":{"b":9007199254740992}}', "a.b"],
    ["below -2^53", "[-9007199254740993]", "0"],
    ["a number of 65 digits", `{"a":[1,${"1".repeat(65)}]}`, "a.1"],
    ["1 MB of digits", "9".repeat(1_000_000), "body"],
    ["a name twice", '{"orders":[{"id":1},{"id":1,"id":2}]}', "orders.1"],
  ])("says where %s is", (_what, text, field) => {
    expect(() => scanJson(text)).toThrow(
      expect.objectContaining({ code: "INVALID_JSON", details: expect.objectContaining({ field }) }),
    );
  });

  it.each([
    ["in one list", () => `[${"1,".repeat(LIMITS.maxValues)}1]`],
    ["in many objects", () => `[${'{"a":1,"b":2},'.repeat(LIMITS.maxValues / 2)}1]`],
    ["in lists of nothing", () => `[${"[],".repeat(LIMITS.maxValues)}1]`],
    ["10^6 names in one object", () => `{${Array.from({ length: 1e6 }, (_, i) => `"${i}":1`).join(",")}}`],
  ])("refuses too many values %s", (_what, make) => {
    expect(() => scanJson(make())).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ field: "body" }) }),
    );
  });

  it("takes exactly as many values as it says", () => {
    const list = (count: number) => `[${"1,".repeat(count - 1)}1]`;
    expect(() => scanJson(list(LIMITS.maxValues - 1))).not.toThrow();
    expect(() => scanJson(list(LIMITS.maxValues))).toThrow(expect.objectContaining({ code: "TOO_LARGE" }));
  });

  it("refuses nesting before it costs anything", () => {
    expect(() => scanJson("[".repeat(8 * 1024 * 1024))).toThrow(expect.objectContaining({ code: "INVALID_JSON" }));
  });

  describe("with fractions and storable text", () => {
    const scan = (text: string) => () => scanJson(text, { fractions: true, storable: true });

    it.each([
      '{"price":45.99,"tax":-0.5,"qty":1e2,"total":1.23456789E7,"noise":5.684341886080802e-14}',
      "[9007199254740993, 123456789012345678901234567890.99]",
      '["\\ud83e\\udd5e","\\\\u0000","\\\\ud800","\\u00e6"]',
    ])("lets %s pass", (text) => {
      expect(scan(text)).not.toThrow();
      JSON.parse(text);
    });

    it.each([
      ["a number as long as a book", `{"a":[{"price":0.${"1".repeat(1_000_000)}}]}`, "a.0.price"],
      ["a number that is small as text only", '{"a":1e999999999}', "a"],
      ["a tiny one", '{"a":1E-100}', "a"],
      ["NUL", '{"a":["x","y\\u0000"]}', "a.1"],
      ["NUL in a name", '{"a\\u0000":1}', "body"],
      ["a lone high surrogate", '["\\ud800"]', "0"],
      ["a lone low surrogate", '["x\\uDC00y"]', "0"],
      ["surrogates the wrong way round", '["\\udc00\\ud800"]', "0"],
      ["a high surrogate before another escape", '["\\ud800\\n"]', "0"],
      ["a name twice", '{"a":1.5,"a":1.5}', "body"],
    ])("refuses %s", (_what, text, field) => {
      JSON.parse(text);
      expect(scan(text)).toThrow(
        expect.objectContaining({ code: "INVALID_JSON", details: expect.objectContaining({ field }) }),
      );
    });
  });

  it("lets text pass that only its own document has to be refused for", () => {
    expect(() => scanJson('["\\ud800","\\u0000"]', { fractions: true })).not.toThrow();
  });

  it("names in its refusal no more of the body than a place", () => {
    let failure: unknown;
    try {
      scanJson(`{"${"long".repeat(1000)}":{"x":1,"x":2}}`);
    } catch (error) {
      failure = error;
    }
    expect(String(failure)).toMatch(/a name that comes twice/);
    expect(String(failure).length).toBeLessThan(200);
  });

  it("finds the end of a string however many escapes it has", () => {
    for (const escapes of [999, 1000, 1001, 5000, LIMITS.maxRequestBytes / 2]) {
      const text = `{"x":"${'\\"'.repeat(escapes)}","a":1`;
      expect(() => scanJson(`${text}}`)).not.toThrow();
      expect(() => scanJson(`${text},"a":2}`)).toThrow(expect.objectContaining({ code: "INVALID_JSON" }));
    }
  });

  it("leaves broken JSON to the parser, without hanging on it", () => {
    for (const text of ['{"a', '{"a\\', "}}]]", '"', "{:}", '{"a":']) expect(() => scanJson(text)).not.toThrow();
  });
});
