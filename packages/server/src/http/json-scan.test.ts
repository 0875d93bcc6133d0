import { describe, expect, it } from "vitest";
import { scanJson } from "./json-scan.ts";

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

  it("refuses nesting before it costs anything", () => {
    expect(() => scanJson("[".repeat(8 * 1024 * 1024))).toThrow(expect.objectContaining({ code: "INVALID_JSON" }));
  });

  it("leaves broken JSON to the parser, without hanging on it", () => {
    for (const text of ['{"a', '{"a\\', "}}]]", '"', "{:}", '{"a":']) expect(() => scanJson(text)).not.toThrow();
  });
});
