import { MAX_WAIT_MS, STALLED_AFTER_MS, WATCH_EVERY_MS } from "@tillsync/lanes";
import { describe, expect, it } from "vitest";
import { type Behaviour, hang, wedge } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const honestly: Behaviour = (_request, honest) => honest();

const stalls = (till: Till) => till.events.flatMap((event) => (event.type === "stalled" ? [event.stall] : []));
const lane = (till: Till) => till.terminal.status().lanes[0];

/** By then the watchdog has seen what became due at once and was not begun. */
const SEEN_AFTER_MS = STALLED_AFTER_MS + WATCH_EVERY_MS;

describe("the watchdog: due work exists, so an attempt happened (I12)", () => {
  it("finds nothing in a healthy week, nor in a week without head office", async () => {
    const till = await openTill({ profile: "shift" });
    await till.clock.advance(7 * 24 * 60 * MINUTE);
    till.centre.always = hang;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(24 * 60 * MINUTE);
    expect(stalls(till)).toEqual([]);
    expect(lane(till)?.stalls).toBe(0);
  });

  it("sets the lane going again whose timer was lost, and says so", async () => {
    const till = await openTill();
    till.terminal.editOrder({ localId: "table-4" });
    const asked = till.centre.exchanges.length;
    expect(till.clock.lose(30 * SECOND)).toBe(1);
    await till.clock.advance(31 * SECOND + SEEN_AFTER_MS);
    expect(till.centre.exchanges.length).toBeGreaterThan(asked);
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
    expect(stalls(till)).toEqual([
      {
        code: "STALLED",
        what: "central",
        message: expect.stringMatching(/its timer was set anew/),
        at: expect.any(String),
      },
    ]);
    expect(lane(till)?.stalls).toBe(1);
    await till.clock.advance(10 * MINUTE);
    expect(stalls(till)).toHaveLength(1);
  });

  it("sets the probes going again", async () => {
    const till = await openTill({ profile: "shift" });
    expect(till.clock.lose(31_500)).toBe(1);
    await till.clock.advance(32 * SECOND + SEEN_AFTER_MS);
    expect(stalls(till).map(({ what }) => what)).toEqual(["probe"]);
    const probed = till.centre.probes.length;
    await till.clock.advance(5 * MINUTE);
    expect(till.centre.probes.length - probed).toBeGreaterThanOrEqual(9);
  });

  it("is itself set going again by those whom it guards", async () => {
    const till = await openTill({ profile: "shift" });
    expect(till.clock.lose(WATCH_EVERY_MS)).toBe(1);
    await till.clock.advance(5 * MINUTE);
    till.terminal.editOrder({ localId: "table-4" });
    await till.clock.advance(15 * MINUTE - SECOND);
    const dueInMs = MAX_WAIT_MS;
    expect(till.clock.lose(SECOND)).toBeGreaterThanOrEqual(1);
    await till.clock.advance(SECOND + dueInMs + SEEN_AFTER_MS);
    expect(till.terminal.status().pending).toBe(0);
  });

  it.each(["shift", "continuous"] as const)(
    "blames nobody when the process stood still (%s): what is due goes first",
    async (profile) => {
      const till = await openTill({ profile });
      await till.clock.advance(WATCH_EVERY_MS - SECOND); // its own look is the next thing due
      for (const ms of [10 * MINUTE, 3 * 60 * MINUTE, 90 * 24 * 60 * MINUTE]) {
        await till.clock.standStill(ms);
        await till.clock.advance(20 * SECOND);
      }
      expect(stalls(till)).toEqual([]);
      expect(till.terminal.status().light).toBe("green");
    },
  );

  it("leaves a lane alone that waits for a person", async () => {
    const till = await openTill();
    till.tamper("UPDATE lane SET halted = 1, error_code = 'FORK', error_message = 'x'");
    till.crash();
    till.start();
    await till.clock.advance(60 * MINUTE);
    expect(stalls(till)).toEqual([]);
    expect(lane(till)?.state).toBe("parked");
  });
});

describe("a transport that never settles", () => {
  it("does not hold the lane: its exchange is given up at the loop's own deadline and counts as a failure", async () => {
    const till = await openTill();
    till.centre.always = wedge;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(45 * SECOND);
    expect(lane(till)).toMatchObject({ failures: 1, lastError: { code: "TIMED_OUT" } });
    till.centre.always = honestly;
    await till.clock.advance(60 * SECOND);
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
  });

  it("does not keep the sale waiting, nor Sync now, nor the end of the process", async () => {
    const till = await openTill();
    till.centre.always = wedge;
    for (let at = 0; at < 50; at++) expect(till.terminal.closeOrder(sale(`o-${at}`)).duplicate).toBe(false);
    const asked = till.terminal.syncNow();
    await till.clock.advance(2 * MINUTE);
    expect(await asked).toMatchObject({ sent: 0, left: 50, reason: { code: "TIMED_OUT" } });
    const closing = till.terminal.close(5_000);
    await till.clock.advance(5_000);
    await closing;
    till.start();
  });

  it("whose deadline was lost as well is found by the watchdog", async () => {
    const till = await openTill();
    till.centre.next.push(wedge);
    till.terminal.closeOrder(sale("a"));
    expect(till.clock.lose(45 * SECOND)).toBe(1);
    await till.clock.advance(45 * SECOND + 2 * SEEN_AFTER_MS);
    expect(stalls(till).map(({ what, message }) => [what, message.includes("given up now")])).toEqual([
      ["central", true],
    ]);
    expect(till.terminal.status().pending).toBe(0);
  });
});

describe("the clock on the wall", () => {
  it("moved by years, by an hour of daylight saving or into another time zone, neither stops nor hurries anything", async () => {
    const till = await openTill();
    const HOUR = 60 * MINUTE;
    for (const byMs of [-56 * 365.25 * 24 * HOUR, HOUR, -HOUR, 14 * HOUR, 80 * 365.25 * 24 * HOUR]) {
      till.clock.jump(byMs);
      const asked = till.centre.exchanges.length;
      await till.clock.advance(10 * MINUTE);
      expect(till.centre.exchanges.length - asked).toBe(20);
    }
    till.centre.always = hang;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(MINUTE);
    till.clock.jump(-10 * 365 * 24 * HOUR);
    await till.clock.advance(10 * MINUTE);
    till.centre.always = honestly;
    await till.clock.advance(90 * SECOND);
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
    expect(stalls(till)).toEqual([]);
  });

  it("that was in another century when a due time was written down stops no restarted process", async () => {
    const till = await openTill();
    till.terminal.editOrder({ localId: "table-4" });
    till.tamper("UPDATE lane SET due_at = ?, failures = 50", Date.UTC(9999, 11, 31));
    till.crash();
    till.start();
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
  });
});
