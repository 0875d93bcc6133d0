import fc from "fast-check";
import { expect, it } from "vitest";
import { cleaned, cut, shortened } from "./source-text.ts";

it("takes out what no till can print or store, and keeps every script", () => {
  expect(cleaned("  Cr\u00e8me\u0000br\u00fbl\u00e9e \ud83c\udf6e\t")).toBe("Cr\u00e8me br\u00fbl\u00e9e \ud83c\udf6e");
  expect(cleaned("a\ud800b")).toBe("a\ufffdb");
});

it("never cuts a character in half", () => {
  expect(cut("ab\ud83c\udf6e", 3)).toBe("ab");
  expect(cut("ab\ud83c\udf6e", 4)).toBe("ab\ud83c\udf6e");
});

it("keeps long names apart within the limit, and short ones as they are", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 200 }).map(cleaned);
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(shortened(left, 64).length).toBeLessThanOrEqual(64);
      expect(shortened(left, 64).isWellFormed()).toBe(true);
      expect(shortened(left, 64) === shortened(right, 64)).toBe(left === right);
    }),
  );
  const same = "x".repeat(64);
  expect(shortened(`${same}1`, 64)).not.toBe(shortened(`${same}2`, 64));
});
