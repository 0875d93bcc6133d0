import { beforeEach, describe, expect, it } from "vitest";
import { TokenBuckets } from "./token-buckets.ts";

let nowMs: number;
let buckets: TokenBuckets;

beforeEach(() => {
  nowMs = 5_000;
  buckets = new TokenBuckets({ perSecond: 10, burst: 20, maxKeys: 3, monotonicMs: () => nowMs });
});

const takeUntilRefused = (key: string): number => {
  let taken = 0;
  while (buckets.take(key) === 0) taken += 1;
  return taken;
};

describe("TokenBuckets", () => {
  it("gives a burst, then the rate, and says how long to wait", () => {
    expect(takeUntilRefused("a")).toBe(20);
    expect(buckets.take("a")).toBe(100);
    nowMs += 50;
    expect(buckets.take("a")).toBe(50);
    nowMs += 50;
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 100]);
    nowMs += 60 * 60_000;
    expect(takeUntilRefused("a")).toBe(20);
  });

  it("keeps keys apart", () => {
    expect(takeUntilRefused("a")).toBe(20);
    expect(takeUntilRefused("b")).toBe(20);
  });

  it("takes nothing from whoever is refused", () => {
    takeUntilRefused("a");
    for (let again = 0; again < 1000; again++) buckets.take("a");
    expect(buckets.take("a")).toBe(100);
  });

  it("gives back what was taken for nothing, but never more than a burst", () => {
    takeUntilRefused("a");
    buckets.giveBack("a");
    expect(takeUntilRefused("a")).toBe(1);
    for (let again = 0; again < 100; again++) buckets.giveBack("a");
    expect(takeUntilRefused("a")).toBe(20);
    buckets.giveBack("nobody");
  });

  it("gives nothing for a clock that goes back", () => {
    takeUntilRefused("a");
    nowMs -= 10_000;
    expect(buckets.take("a")).toBe(100);
  });

  it("remembers a bounded number of keys, and forgets the one used longest ago", () => {
    takeUntilRefused("a");
    buckets.take("b");
    buckets.take("c");
    expect(buckets.take("a")).toBe(100);
    buckets.take("d");
    expect(buckets.size).toBe(3);
    expect(buckets.take("a")).toBe(100);
    expect(takeUntilRefused("b")).toBe(20);
  });
});
