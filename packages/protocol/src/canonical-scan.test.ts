import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText, MAX_DEPTH } from "./canonical.ts";
import { isPlainlyCanonical } from "./canonical-scan.ts";

/** Pieces that texts of change bodies are made of, and their neighbours that are wrong. */
const PIECES = [
  ...'{}[],:"\\-0159. ',
  '"a"',
  '"b"',
  '"a":',
  '"b":',
  '"":',
  '"__proto__":',
  '"\\n"',
  '"é"',
  '"\ud800"',
  '"\u0007"',
  "true",
  "null",
  "12",
  "-0",
  "01",
  "1e3",
  "999999999999999",
  "9007199254740993",
];

/** What it means to be canonical, the slow way. */
function isCanonical(text: string): boolean {
  try {
    return canonicalText(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

/** `canonicalText` refuses that name. */
const jsonValue = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes("__proto__"));

/** As `parseCanonical` asks: what is no JSON has been refused before. */
function passes(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return isPlainlyCanonical(text, MAX_DEPTH);
}

describe("isPlainlyCanonical", () => {
  it("is true of nothing that is not canonical, whatever the text", () => {
    const texts = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(texts, (text) => !passes(text) || isCanonical(text)),
      { numRuns: 20_000 },
    );
  });

  it("is true of nothing that one wrong character makes of a canonical text", () => {
    const wrong = fc.tuple(jsonValue, fc.nat(), fc.constantFrom(...PIECES, ""));
    fc.assert(
      fc.property(wrong, ([value, where, piece]) => {
        const text = canonicalText(whole(value));
        const at = where % (text.length + 1);
        const changed = text.slice(0, at) + piece + text.slice(at + 1);
        return !passes(changed) || isCanonical(changed);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    "{}",
    "[]",
    '"é😀"',
    "-17",
    "0",
    "null",
    '{"":1,"a":[{"b":[]},{},[true,false]],"b":"x","é":-999999999999999}',
    '{"a":1,"a b":2,"ab":{"a":3},"b":4}',
    `${"[".repeat(MAX_DEPTH)}${"]".repeat(MAX_DEPTH)}`,
  ])("is true of %s", (text) => {
    expect(isCanonical(text)).toBe(true);
    expect(isPlainlyCanonical(text, MAX_DEPTH)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["deeper nesting", `${"[".repeat(MAX_DEPTH + 1)}${"]".repeat(MAX_DEPTH + 1)}`],
    ["names out of order", '{"b":1,"a":2}'],
    ["a name twice", '{"a":1,"a":1}'],
    ["a name before the one it begins with", '{"ab":1,"a":2}'],
    ["a name with a space before the one it begins with", '{"a b":1,"a":2}'],
    ["names out of order far apart", '{"b":[{"z":1}],"a":2}'],
    ["__proto__", '{"__proto__":1}'],
    ["white space", '{"a": 1}'],
    ["a fraction", "1.0"],
    ["an exponent", "1e3"],
    ["minus zero", "-0"],
    ["a leading zero", "01"],
    ["a lone surrogate", '"\ud800"'],
    ["a trailing comma", "[1,]"],
    ["something behind it", "1 "],
    ["two values", "[1]2"],
    ["an open end", '{"a":"b'],
    ["an odd escape", '"\\/"'],
    ["the wrong bracket", "[1}"],
  ])("is false of %s", (_what, text) => {
    expect(isPlainlyCanonical(text, MAX_DEPTH)).toBe(false);
  });
});

/** Fractions are none of ours. */
function whole(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, member: unknown) =>
    typeof member === "number" ? Math.trunc(member) % 1e15 || 0 : member,
  );
}
