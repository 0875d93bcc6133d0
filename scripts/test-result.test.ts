import { describe, expect, it } from "vitest";
import { chooseParts } from "./test-parts.ts";
import { notRun, type PartResult, single, summarize } from "./test-result.ts";

describe("chooseParts", () => {
  it("leaves the long parts to --all or to their names", () => {
    const names = (words: string[], all: boolean) => chooseParts(words, all).map((part) => part.name);
    expect(names([], false)).toEqual(["check", "lint", "unit", "pg", "sim", "docs", "fuzz"]);
    expect(names([], true)).toEqual([
      "check",
      "lint",
      "unit",
      "pg",
      "sim",
      "docs",
      "fuzz",
      "browser",
      "broken",
      "kill",
    ]);
    expect(names(["kill", "check"], false)).toEqual(["check", "kill"]);
  });

  it("names the parts there are when asked for another", () => {
    expect(() => chooseParts(["units"], false)).toThrow('no part "units": choose from check, lint, unit');
  });
});

describe("summarize", () => {
  const unit: PartResult = { part: "unit", passed: 10, failed: 0, skipped: [], failures: [] };

  it("ends with the sum alone on its line", () => {
    expect(summarize([unit, single("check", true)])).toEqual({ lines: ["11 passed, 0 failed"], exitCode: 0 });
  });

  it("names what was skipped and what did not run, and counts both", () => {
    const { lines, exitCode } = summarize([
      { ...unit, skipped: ["a > b (not run: no kcat)"] },
      notRun("sim", "no tests yet"),
    ]);
    expect(lines).toEqual([
      "skipped: unit: a > b (not run: no kcat)",
      "not run: sim: no tests yet",
      "10 passed, 0 failed, 2 skipped",
    ]);
    expect(exitCode).toBe(0);
  });

  it("fails when anything failed", () => {
    const { lines, exitCode } = summarize([unit, single("lint", false)]);
    expect(lines).toEqual(["failed: lint: lint", "10 passed, 1 failed"]);
    expect(exitCode).toBe(1);
  });

  it("fails when nothing ran", () => {
    expect(summarize([notRun("sim", "no tests yet")]).exitCode).toBe(1);
    expect(summarize([]).lines).toEqual(["no test ran", "0 passed, 0 failed"]);
  });
});
