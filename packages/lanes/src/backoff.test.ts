import { describe, expect, it } from "vitest";
import { PACES, retryDelayMs } from "./backoff.ts";

const pace = PACES.continuous;
const ceilings = (throttled: boolean, jitter: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    retryDelayMs(pace, { failures: i + 1, throttled, retryAfterMs: undefined, jitter }),
  );

describe("retryDelayMs", () => {
  it("retries at once, then bursts 1 2 4 8 16 s, then keeps the slow period for ever", () => {
    expect(ceilings(false, 0.999999, 6)).toEqual([0, 1000, 2000, 4000, 8000, 16_000]);
    for (const failures of [7, 8, 1_000_000]) {
      const delay = retryDelayMs(pace, { failures, throttled: false, retryAfterMs: undefined, jitter: 0.5 });
      expect(delay).toBe(pace.slowMs);
    }
  });

  it("does not retry at once when told to slow down", () => {
    expect(ceilings(true, 0.5, 3)).toEqual([500, 1000, 2000]);
  });

  it("takes Retry-After as a floor and caps it at ten minutes", () => {
    const after = (retryAfterMs: number) =>
      retryDelayMs(pace, { failures: 1, throttled: true, retryAfterMs, jitter: 0 });
    expect(after(7_000)).toBe(7_000);
    expect(after(86_400_000)).toBe(600_000);
  });

  it("spreads the slow period, so that tills that failed together do not return together", () => {
    const at = (jitter: number) =>
      retryDelayMs(pace, { failures: 50, throttled: false, retryAfterMs: undefined, jitter });
    expect(at(0)).toBe(270_000);
    expect(at(0.999999)).toBe(330_000);
  });
});
