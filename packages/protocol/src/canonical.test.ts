import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText, MAX_DEPTH, parseCanonical } from "./canonical.ts";
import { refusalOf } from "./testing/refusal.ts";

/** Everything a change may be made of, nested a little. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text.isWellFormed()),
    fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      fc.string({ unit: "binary", maxLength: 6 }).filter((key) => key.isWellFormed() && key !== "__proto__"),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
}));

describe("canonicalText", () => {
  it("escapes and sorts as RFC 8785 section 3.2 shows, as far as its sample has no fractions", () => {
    const sample = { string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/", literals: [null, true, false] };
    expect(canonicalText(sample)).toBe('{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
  });

  it("sorts names by UTF-16 code units, as RFC 8785 section 3.2.3 shows", () => {
    const names = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
    const text = canonicalText(Object.fromEntries(names.map((name) => [name, 0])));
    expect(Object.keys(JSON.parse(text)).filter((name) => name !== "1")).toEqual([
      "\r",
      "\u0080",
      "\u00f6",
      "\u20ac",
      "\u{1f600}",
      "\ufb33",
    ]);
    expect(text.indexOf('"\\r"')).toBeLessThan(text.indexOf('"1"'));
  });

  it.each([
    [0, "0"],
    [-0, "0"],
    [9007199254740991, "9007199254740991"],
    [-9007199254740991, "-9007199254740991"],
    ["\u2028\u2029\u007f", '"\u2028\u2029\u007f"'],
    ["\b\f\t\u0000\u001f", '"\\b\\f\\t\\u0000\\u001f"'],
    [{ b: undefined, a: 1 }, '{"a":1}'],
    [Object.assign(Object.create(null), { a: [] }), '{"a":[]}'],
  ])("writes %j in one way", (given, text) => {
    expect(canonicalText(given)).toBe(text);
  });

  it.each([
    ["a fraction", { amount: 0.1 }, "amount"],
    ["NaN", [Number.NaN], "[0]"],
    ["infinity", { a: { b: Number.POSITIVE_INFINITY } }, "a.b"],
    ["2^53", { n: 2 ** 53 }, "n"],
    ["a lone surrogate", { name: ["x", "\ud800"] }, "name[1]"],
    ["a lone surrogate in a name", { a: { "\udc00": 1 } }, "a"],
    ["__proto__", JSON.parse('{"a":{"__proto__":1}}'), "a"],
    ["a hole in a list", { list: new Array(1) }, "list[0]"],
    ["a big integer", { n: 1n }, "n"],
    ["a function", { f: () => 1 }, "f"],
    ["undefined itself", undefined, "(root)"],
    ["a date, which would become {}", { at: new Date(0) }, "at"],
    ["a map, which would become {}", { m: new Map([[1, 2]]) }, "m"],
  ])("refuses %s and names the field", (_what, given, field) => {
    const { code, details } = refusalOf(() => canonicalText(given));
    expect({ code, field: details.field }).toEqual({ code: "INVALID_INPUT", field });
  });

  it("takes the deepest allowed nesting and refuses one level more", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(canonicalText(nested(MAX_DEPTH))).toHaveLength(2 * MAX_DEPTH + 1);
    expect(refusalOf(() => canonicalText(nested(MAX_DEPTH + 1))).message).toContain(`at most ${MAX_DEPTH} levels`);
  });
});

describe("parseCanonical", () => {
  it("gives back what canonicalText wrote", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(parseCanonical(canonicalText(given))).toEqual(given);
      }),
    );
  });

  it("knows no second spelling: one value, one text, whatever the order of its members", () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = canonicalText(given);
        const respelled = JSON.stringify(reversed(given));
        expect(canonicalText(JSON.parse(respelled))).toBe(text);
        if (respelled !== text) expect(refusalOf(() => parseCanonical(respelled)).code).toBe("BODY_NOT_CANONICAL");
      }),
    );
  });

  it.each([
    ["white space", '{"a": 1}'],
    ["a line end", '{"a":1}\n'],
    ["a byte order mark", '\ufeff{"a":1}'],
    ["names out of order", '{"b":1,"a":2}'],
    ["a name twice", '{"a":1,"a":1}'],
    ["a name twice, escaped", '{"a":1,"\\u0061":1}'],
    ["an escape that is not needed", '"\\u0041"'],
    ["an escaped slash", '"\\/"'],
    ["upper-case hex", '"\\u000F"'],
    ["a fraction", "1.5"],
    ["a whole number with a point", "1.0"],
    ["an exponent", "1e3"],
    ["minus zero", "-0"],
    ["2^53", "9007199254740992"],
    ["more than 2^53, rounded by JSON.parse", "9007199254740993"],
    ["__proto__", '{"__proto__":1}'],
    ["a raw lone surrogate", '"\ud800"'],
    ["an escaped lone surrogate", '"\\ud800"'],
    ["deep nesting", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
    ["no JSON", "{"],
    ["nothing", ""],
  ])("refuses %s", (_what, text) => {
    expect(refusalOf(() => parseCanonical(text)).code).toBe("BODY_NOT_CANONICAL");
  });

  it("leaves no prototype polluted behind", () => {
    refusalOf(() => parseCanonical('{"__proto__":{"polluted":1}}'));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

function reversed(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(reversed);
  if (given === null || typeof given !== "object") return given;
  return Object.fromEntries(
    Object.entries(given)
      .map(([key, member]) => [key, reversed(member)])
      .reverse(),
  );
}
