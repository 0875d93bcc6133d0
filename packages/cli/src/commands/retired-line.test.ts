import { expect, it } from "vitest";
import { retiredLine } from "./retired-line.ts";

it("says how many old changes only head office has whole, and nothing while there is none", () => {
  expect(retiredLine({ changes: 0, bytes: 0 })).toBeUndefined();
  expect(retiredLine({ changes: 1, bytes: 40_000 })).toMatch(/^1 old change is whole at head office alone \(0 MB\);/);
  expect(retiredLine({ changes: 12_000, bytes: 13_240_000 })).toMatch(/^12,000 old changes are whole .* \(13\.2 MB\);/);
});
