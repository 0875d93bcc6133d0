import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWellFormedJson, keptText, parseKeepingNumbers, plainJson } from "./number-text.ts";
import { refusalOf } from "./testing/refusal.ts";

describe("parseKeepingNumbers", () => {
  it.each(["45.99", "45.990", "1e2", "-0", "0.1", "9007199254740993", "123456789012345678901234567890.5", "1E-7"])(
    "keeps %s as it was written",
    (number) => {
      expect(keptText(parseKeepingNumbers(`{"a":[${number}],"b":${number}}`))).toBe(`{"a":[${number}],"b":${number}}`);
    },
  );

  it("keeps names in their order, and sorts them for the hash only", () => {
    const value = parseKeepingNumbers('{"b":{"d":1,"c":"x"},"a":null}');
    expect(keptText(value)).toBe('{"b":{"d":1,"c":"x"},"a":null}');
    expect(keptText(value, "sorted")).toBe('{"a":null,"b":{"c":"x","d":1}}');
  });

  it("gives back every JSON value", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const kept = parseKeepingNumbers(text);
        expect(plainJson(kept)).toEqual(JSON.parse(text));
        expect(JSON.parse(keptText(kept))).toEqual(JSON.parse(text));
        expect(keptText(parseKeepingNumbers(keptText(kept, "sorted")), "sorted")).toBe(keptText(kept, "sorted"));
      }),
    );
  });

  it("refuses what is no JSON without quoting it", () => {
    const failure = refusalOf(() => parseKeepingNumbers('{"phone":0722}'));
    expect(failure.code).toBe("INVALID_JSON");
    expect(JSON.stringify(failure) + String(failure.cause)).not.toContain("0722");
  });
});

it("isWellFormedJson finds a lone surrogate wherever it stands", () => {
  expect(isWellFormedJson(parseKeepingNumbers('{"a":["\\ud83d\\ude00",1,null,true]}'))).toBe(true);
  for (const text of ['"\\ud800"', '["\\udc00"]', '{"a":{"b":"x\\ud800"}}', '{"\\ud800":1}'])
    expect(isWellFormedJson(parseKeepingNumbers(text)), text).toBe(false);
});
