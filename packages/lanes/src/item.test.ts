import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PACES } from "./backoff.ts";
import {
  delivered,
  discardedByPerson,
  enqueued,
  found,
  type ItemState,
  intended,
  type Moment,
  presumedUnknown,
  replied,
  retriedByPerson,
  shownState,
  stepOf,
} from "./item.ts";
import type { Found, Outcome, Reply } from "./outcome.ts";

const NOW = 1_000_000;
const at = (nowMs: number): Moment => ({
  nowMs,
  jitter: 0.5,
  rules: { pace: PACES.continuous, lookUpAfterMs: 10_000 },
});
const OK: Reply = { kind: "answer", status: 200, text: "ok" };
const why = { code: "X", message: "x" };
const by = { operator: "Mary", reason: "entered by hand" };

const after = (outcome: Outcome, item = enqueued(NOW)): ItemState =>
  delivered(replied(intended(item, NOW), "deliver", OK), outcome, at(NOW));
const looked = (item: ItemState, result: Found, nowMs = NOW): ItemState =>
  found(replied(item, "lookUp", OK), result, at(nowMs));
const unknown = () => after({ verdict: "unknown", ...why });

describe("an item", () => {
  it("is due as it is enqueued, counts the attempt with the intent, and keeps the reply before it is read", () => {
    const fresh = enqueued(NOW);
    expect([stepOf(fresh, NOW), shownState(fresh)]).toEqual([{ do: "deliver" }, "pending"]);
    const intent = intended(fresh, NOW);
    expect(intent).toMatchObject({ phase: "sending", attempts: 1 });
    expect(shownState(intent)).toBe("sending");
    const reply = replied(intent, "deliver", OK);
    expect(reply.reply).toEqual({ to: "deliver", raw: OK });
    expect(stepOf(reply, NOW)).toEqual({ do: "read" });
  });

  it.each<[Outcome, ItemState["phase"], string, ReturnType<typeof stepOf>]>([
    [{ verdict: "accepted" }, "settled", "settled", { do: "nothing" }],
    [{ verdict: "parked", ...why }, "parked", "parked", { do: "nothing" }],
    [{ verdict: "duplicate", ...why }, "unknown", "retrying", { do: "lookUp" }],
    [{ verdict: "unknown", ...why }, "unknown", "retrying", { do: "wait", untilMs: NOW + 10_000 }],
    [{ verdict: "retry", ...why }, "waiting", "retrying", { do: "deliver" }],
    [
      { verdict: "retry", ...why, retryAfterMs: 60_000 },
      "waiting",
      "retrying",
      { do: "wait", untilMs: NOW + 60_000 + 6_000 },
    ],
    [{ verdict: "retry", ...why, blocksLane: true }, "waiting", "retrying", { do: "wait", untilMs: NOW + 300_000 }],
  ])("after %j is %s, shown as %s", (outcome, phase, shown, step) => {
    const item = after(outcome);
    expect([item.phase, shownState(item), stepOf(item, NOW)]).toEqual([phase, shown, step]);
    expect(item.why).toEqual("code" in outcome ? why : null);
  });

  it("is looked up once nothing sent can arrive any more, and then is settled, sent again, parked or looked up again", () => {
    expect(stepOf(unknown(), NOW + 10_000)).toEqual({ do: "lookUp" });
    expect(looked(unknown(), { verdict: "there" }).phase).toBe("settled");
    expect(looked(unknown(), { verdict: "parked", ...why }).phase).toBe("parked");
    const absent = looked(unknown(), { verdict: "absent" });
    expect([absent.phase, stepOf(absent, NOW)]).toEqual(["waiting", { do: "deliver" }]);
    let item = unknown();
    for (let i = 0; i < 100; i++) item = looked(item, { verdict: "unknown", ...why });
    expect(item).toMatchObject({ phase: "unknown", failures: 101, dueAtMs: NOW + 300_000, attempts: 1 });
  });

  it("that is lost each time it is sent comes back more and more slowly", () => {
    let item = enqueued(NOW);
    for (let i = 0; i < 10; i++) item = looked(after({ verdict: "unknown", ...why }, item), { verdict: "absent" });
    expect(after({ verdict: "unknown", ...why }, item)).toMatchObject({ attempts: 11, dueAtMs: NOW + 300_000 });
  });

  it("that the far end says to have and does not find is parked, not sent in circles", () => {
    const item = looked(after({ verdict: "duplicate", ...why }), { verdict: "absent" });
    expect(item).toMatchObject({ phase: "parked", why: { code: "DUPLICATE_NOT_FOUND" } });
  });

  it("whose sender died after the intent is unknown", () => {
    const intent = intended(enqueued(NOW), NOW);
    expect(stepOf(intent, NOW)).toEqual({ do: "presume" });
    const item = presumedUnknown(intent, at(NOW));
    expect([item.phase, stepOf(item, NOW + 9_999).do, stepOf(item, NOW + 10_000).do]).toEqual([
      "unknown",
      "wait",
      "lookUp",
    ]);
  });

  it("that a person retries is looked up first when it was ever sent, and keeps who and why", () => {
    const item = retriedByPerson(after({ verdict: "parked", ...why }), by, NOW);
    expect(stepOf(item, NOW)).toEqual({ do: "lookUp" });
    expect(item.decisions).toEqual([{ did: "retried", ...by, atMs: NOW }]);
    expect(() => retriedByPerson(unknown(), by, NOW)).toThrow(expect.objectContaining({ code: "NOT_PARKED" }));
  });

  it("can be discarded by a person unless it is being sent or has ended", () => {
    for (const item of [enqueued(NOW), unknown(), after({ verdict: "parked", ...why })]) {
      const gone = discardedByPerson(item, by, NOW);
      expect([gone.phase, shownState(gone), stepOf(gone, NOW).do]).toEqual(["discarded", "settled", "nothing"]);
      expect(gone.decisions).toEqual([{ did: "discarded", ...by, atMs: NOW }]);
    }
    for (const item of [intended(enqueued(NOW), NOW), after({ verdict: "accepted" })]) {
      expect(() => discardedByPerson(item, by, NOW)).toThrow(expect.objectContaining({ code: "NOT_PARKED" }));
    }
  });
});

describe("a wait", () => {
  it("ends when the far end answers again, but never before its Retry-After, nor the time a lost request may take", () => {
    const slow = after({ verdict: "retry", ...why, blocksLane: true });
    expect(stepOf(slow, NOW + 1, NOW + 1)).toEqual({ do: "deliver" });
    const asked = after({ verdict: "retry", ...why, retryAfterMs: 60_000 });
    expect(stepOf(asked, NOW + 1, NOW + 1)).toEqual({ do: "wait", untilMs: NOW + 66_000 });
    expect(stepOf(unknown(), NOW + 1, NOW + 1).do).toBe("wait");
  });

  it("does not last for years because the clock was put back", () => {
    const item = after({ verdict: "retry", ...why, blocksLane: true });
    expect(stepOf(item, NOW - 60_000).do).toBe("wait");
    expect(stepOf(item, NOW - 400 * 86_400_000).do).toBe("deliver");
  });
});

it("never delivers again after an outcome that may have been carried out, without a look-up that says absent", () => {
  const outcomes = fc.constantFrom<Outcome["verdict"]>("duplicate", "unknown", "retry");
  const results = fc.constantFrom<Found["verdict"]>("absent", "unknown");
  fc.assert(
    fc.property(fc.array(fc.tuple(outcomes, results), { maxLength: 20 }), (script) => {
      let item = enqueued(NOW);
      let mayBeThere = false;
      for (const [outcome, result] of script) {
        const step = stepOf(item, Number.MAX_SAFE_INTEGER);
        if (step.do === "deliver") {
          expect(mayBeThere).toBe(false);
          item = after({ verdict: outcome, ...why }, item);
          mayBeThere = outcome !== "retry";
        } else if (step.do === "lookUp") {
          item = looked(item, result === "absent" ? { verdict: result } : { verdict: result, ...why });
          if (result === "absent") mayBeThere = false;
        }
      }
    }),
  );
});
