import { MAX_WAIT_MS, STALLED_AFTER_MS, WATCH_EVERY_MS } from "@tillsync/lanes";
import { describe, expect, it } from "vitest";
import { PullingTill } from "../testing/pulling-till.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** By then the watchdog has seen what should have gone on and did not. */
const SEEN_AFTER_MS = STALLED_AFTER_MS + 2 * WATCH_EVERY_MS;
/** Of a transport that says nothing else: one and a half of its 30 seconds. */
const GIVEN_UP_AFTER_MS = 45 * SECOND;
const ITEMS = 500;
const PAGE = 200;

function started(): PullingTill {
  const till = new PullingTill({ items: ITEMS, page: PAGE });
  till.start();
  return till;
}

describe("pulls go on by themselves", () => {
  it("and the watchdog finds nothing in a healthy day, nor in a night without head office", async () => {
    const till = started();
    await till.clock.advance(16 * 60 * MINUTE);
    expect(till.rows).toBe(ITEMS);
    till.modules.treat = () => new Promise(() => {});
    await till.clock.advance(8 * 60 * MINUTE);
    expect(till.stalls).toEqual([]);
  });

  it("when the timer of their next look was lost: the watchdog sets it anew, and says so", async () => {
    const till = started();
    await till.work();
    till.modules.import("items", "organization", [{ id: "new", name: "New" }]);
    till.loses = (delayMs) => delayMs === MAX_WAIT_MS;
    await till.clock.advance(MINUTE);
    till.loses = () => false;
    await till.clock.advance(MINUTE + SEEN_AFTER_MS);
    expect(till.stalls).toEqual(["modules"]);
    await till.clock.advance(30 * MINUTE);
    expect(till.rows).toBe(ITEMS + 1);
    expect(till.stalls).toEqual(["modules"]);
  });

  it("when an answer never comes: it is given up at the deadline, and the next attempt goes on from there", async () => {
    const till = started();
    till.keepBack(2);
    await till.work();
    expect(till.items).toMatchObject({ state: "pulling", progress: { rows: PAGE } });
    await till.clock.advance(GIVEN_UP_AFTER_MS);
    expect(till.items).toMatchObject({ failures: 1, error: { code: "TIMED_OUT" }, progress: { rows: PAGE } });
    await till.clock.advance(2 * MINUTE);
    await till.work();
    expect(till.rows).toBe(ITEMS);
    expect(till.modules.sentAgain).toBe(PAGE);
    expect(till.stalls).toEqual([]);
  });

  it("when the timer of that deadline was lost as well: the watchdog gives it up", async () => {
    const till = started();
    till.keepBack(2);
    till.loses = (delayMs) => delayMs === GIVEN_UP_AFTER_MS;
    await till.work();
    till.loses = () => false;
    await till.clock.advance(GIVEN_UP_AFTER_MS + SEEN_AFTER_MS + 2 * MINUTE);
    await till.work();
    expect(till.stalls).toEqual(["modules"]);
    expect(till.rows).toBe(ITEMS);
  });

  it("when the timer between two slices was lost: the watchdog gives the pull up, and it goes on from its place", async () => {
    const till = started();
    till.loses = (delayMs) => delayMs === 0;
    await till.work();
    till.loses = () => false;
    await till.work();
    expect(till.items).toMatchObject({ state: "pulling" });
    await till.clock.advance(GIVEN_UP_AFTER_MS + SEEN_AFTER_MS + 2 * MINUTE);
    await till.work();
    expect(till.stalls).toEqual(["modules"]);
    expect(till.rows).toBe(ITEMS);
  });

  it("and what was given up writes nothing when it wakes", async () => {
    const till = started();
    till.keepBack(1);
    await till.work();
    await till.clock.advance(GIVEN_UP_AFTER_MS);
    till.modules.treat = () => new Promise(() => {});
    const before = till.items?.progress;
    await till.release();
    await till.work();
    expect(till.items?.progress).toEqual(before);
    till.modules.treat = (_request, answer) => answer();
    await till.clock.advance(5 * MINUTE);
    expect(till.rows).toBe(ITEMS);
  });

  it("and the end of the process waits for none of them", async () => {
    const till = started();
    till.keepBack(1);
    await till.work();
    await till.terminal.close(0);
    await till.release();
    till.modules.treat = (_request, answer) => answer();
    till.start();
    await till.work();
    expect(till.rows).toBe(ITEMS);
  });
});
