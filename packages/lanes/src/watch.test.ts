import { describe, expect, it } from "vitest";
import { MAX_WAIT_MS } from "./plan.ts";
import { STALLED_AFTER_MS, stallOf, type Watched } from "./watch.ts";

const NOW = 10_000_000;
const watched = (over: Partial<Watched>): Watched => ({
  dueAtMs: NOW,
  begunAtMs: null,
  deadlineMs: 45_000,
  halted: false,
  ...over,
});

describe("due work exists, so an attempt happened (I12)", () => {
  it("holds until what is due has waited twice the longest sleep", () => {
    expect(STALLED_AFTER_MS).toBe(2 * MAX_WAIT_MS);
    expect(stallOf(watched({ dueAtMs: NOW - STALLED_AFTER_MS }), NOW)).toBeNull();
    expect(stallOf(watched({ dueAtMs: NOW - STALLED_AFTER_MS - 1 }), NOW)).toBe("overdue");
    expect(stallOf(watched({ dueAtMs: NOW + 1_000_000 }), NOW)).toBeNull();
  });

  it("holds while an attempt is under way, until long after its deadline", () => {
    const due = { dueAtMs: 0 };
    expect(stallOf(watched({ ...due, begunAtMs: NOW - 45_000 - STALLED_AFTER_MS }), NOW)).toBeNull();
    expect(stallOf(watched({ ...due, begunAtMs: NOW - 45_001 - STALLED_AFTER_MS }), NOW)).toBe("hanging");
  });

  it("says nothing of what waits for a person", () => {
    expect(stallOf(watched({ dueAtMs: 0, halted: true }), NOW)).toBeNull();
  });
});
