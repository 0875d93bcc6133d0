import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LaneView, MAX_WAIT_MS, plan } from "./plan.ts";

const lane = (over: Partial<LaneView>): LaneView => ({
  name: "central",
  priority: 3,
  pending: 0,
  sending: false,
  halted: false,
  dueAtMs: 1000,
  flush: false,
  ...over,
});

describe("plan", () => {
  it("sends a lane whose time has come, the most important first", () => {
    const lanes = [lane({ name: "kafka", priority: 9, dueAtMs: 0 }), lane({ name: "central", dueAtMs: 5 })];
    expect(plan(lanes, 5)).toEqual({ act: "send", lane: "central" });
    expect(plan(lanes, 4)).toEqual({ act: "send", lane: "kafka" });
  });

  it("waits for the earliest due time, never longer than a minute", () => {
    expect(plan([lane({ dueAtMs: 700 })], 500)).toEqual({ act: "wait", forMs: 200 });
    expect(plan([lane({ dueAtMs: 1e12 })], 500)).toEqual({ act: "wait", forMs: MAX_WAIT_MS });
  });

  it("a flush does not wait for the due time, but a halt stands", () => {
    expect(plan([lane({ flush: true, dueAtMs: 1e9 })], 0)).toEqual({ act: "send", lane: "central" });
    expect(plan([lane({ flush: true, halted: true })], 0)).toEqual({ act: "rest" });
  });

  it("never rests while a lane is neither halted nor sending: due work always gets its attempt (I12)", () => {
    const arbitrary = fc.record({
      name: fc.constant("x"),
      priority: fc.nat(9),
      pending: fc.nat(5),
      sending: fc.boolean(),
      halted: fc.boolean(),
      dueAtMs: fc.nat(1000),
      flush: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 5 }), fc.nat(1000), (lanes, now) => {
        const free = lanes.filter((l) => !l.halted && !l.sending);
        const chosen = plan(lanes, now);
        if (free.length === 0) return chosen.act === "rest";
        if (free.some((l) => l.flush || l.dueAtMs <= now)) return chosen.act === "send";
        return (
          chosen.act === "wait" && chosen.forMs > 0 && now + chosen.forMs <= Math.min(...free.map((l) => l.dueAtMs))
        );
      }),
    );
  });
});
