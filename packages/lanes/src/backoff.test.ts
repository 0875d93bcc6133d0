import { describe, expect, it } from "vitest";
import { type Failure, isSlow, PACES, retryAfterDelayMs, retryDelayMs } from "./backoff.ts";

const pace = PACES.continuous;
const failure = (over: Partial<Failure>): Failure => ({
  failures: 1,
  wait: "burst",
  retryAfterMs: undefined,
  jitter: 0.5,
  ...over,
});
const delays = (wait: Failure["wait"], jitter: number, count: number) =>
  Array.from({ length: count }, (_, i) => retryDelayMs(pace, failure({ failures: i + 1, wait, jitter })));

describe("retryDelayMs", () => {
  it("retries at once, then bursts 1 2 4 8 16 s, then keeps the slow period for ever", () => {
    expect(delays("burst", 0.999999, 6)).toEqual([0, 1000, 2000, 4000, 8000, 16_000]);
    for (const failures of [7, 8, 1_000_000]) {
      expect(retryDelayMs(pace, failure({ failures }))).toBe(pace.slowMs);
      expect(isSlow({ failures, wait: "burst" })).toBe(true);
    }
    expect(isSlow({ failures: 6, wait: "burst" })).toBe(false);
  });

  it("draws each wait of the burst between nothing and its ceiling (full jitter)", () => {
    expect(delays("burst", 0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(delays("burst", 0.25, 6)).toEqual([0, 250, 500, 1000, 2000, 4000]);
  });

  it("does not retry at once when told to slow down", () => {
    expect(delays("throttled", 0.5, 6)).toEqual([500, 1000, 2000, 4000, 8000, pace.slowMs]);
  });

  it("does not hurry where no hurry helps", () => {
    expect(delays("pause", 0.5, 3)).toEqual([pace.slowMs, pace.slowMs, pace.slowMs]);
  });

  it("takes Retry-After as a floor and caps it at ten minutes", () => {
    const after = (retryAfterMs: number) => retryDelayMs(pace, failure({ wait: "throttled", retryAfterMs, jitter: 0 }));
    expect([-1, 0, 7_000, 86_400_000].map(after)).toEqual([0, 0, 7_000, 600_000]);
  });

  it("spreads what a town was told at one moment over ten seconds or a fifth of the wait", () => {
    const after = (retryAfterMs: number, jitter: number) => retryAfterDelayMs(failure({ retryAfterMs, jitter }));
    expect([after(1_000, 0), after(1_000, 0.5), after(1_000, 0.9999)]).toEqual([1_000, 6_000, 10_999]);
    expect([after(600_000, 0), after(600_000, 0.5)]).toEqual([600_000, 660_000]);
    expect(retryAfterDelayMs(failure({}))).toBe(0);
  });

  it("spreads the slow period, so that tills that failed together do not return together", () => {
    const at = (jitter: number) => retryDelayMs(pace, failure({ failures: 50, jitter }));
    expect(at(0)).toBe(270_000);
    expect(at(0.999999)).toBe(330_000);
  });
});
