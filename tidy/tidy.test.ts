import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { RULES } from "./rules.ts";
import { describeViolation } from "./source.ts";
import { readTree } from "./tree.ts";

const files = readTree(fileURLToPath(new URL("..", import.meta.url)));

describe("the tree", () => {
  it("is found", () => {
    expect(files.map((file) => file.path)).toContain("packages/protocol/src/index.ts");
  });

  it.each(Object.entries(RULES))("%s", (_name, rule) => {
    expect(rule(files).map(describeViolation)).toEqual([]);
  });
});
