import { expect, it } from "vitest";
import { filesWithCounts } from "./proof-counts.ts";

it("finds the tests whose counts it raises, of every part that has some", () => {
  const files = filesWithCounts();
  for (const part of ["pg", "sim", "broken", "kill"])
    expect(files.filter((file) => file.includes(`.${part}.`))).not.toEqual([]);
  expect(files).toContain("packages/server/src/settlement/poison.pg.test.ts");
});
