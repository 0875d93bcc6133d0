import { describe, expect, it } from "vitest";
import { BodyBudget } from "./body-budget.ts";

describe("BodyBudget", () => {
  it("bounds all together and each share, and says which bound it was", () => {
    const budget = new BodyBudget({ maxBytes: 100, maxBytesPerShare: 60 });
    const hot = budget.open("hot");
    expect([hot.add(60), hot.add(1)]).toEqual([undefined, 60]);
    const other = budget.open("other");
    expect([other.add(40), other.add(1)]).toEqual([undefined, 100]);
    expect(budget.bytes).toBe(100);
  });

  it("gives everything back once", () => {
    const budget = new BodyBudget({ maxBytes: 100, maxBytesPerShare: 60 });
    const first = budget.open("a");
    const second = budget.open("a");
    first.add(30);
    second.add(20);
    first.end();
    first.end();
    expect(budget.bytes).toBe(20);
    second.end();
    expect([budget.bytes, budget.open("a").add(60)]).toEqual([0, undefined]);
  });

  it("charges nothing to a request that is over", () => {
    const budget = new BodyBudget({ maxBytes: 100, maxBytesPerShare: 60 });
    const late = budget.open("a");
    late.end();
    expect([late.add(1000), budget.bytes]).toEqual([undefined, 0]);
  });
});
