import { describe, expect, it } from "vitest";
import { type Behaviour, hang, loseAnswer, refuse, unreachable } from "./testing/fake-centre.ts";
import { stubDriver } from "./testing/stub-driver.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const MINUTE = 60_000;

/** Virtual times of the exchanges from now on, counted from now. */
function clockwork(till: Till): () => number[] {
  const startMs = till.clock.monotonicMs();
  const from = till.centre.exchanges.length;
  return () => till.centre.exchanges.slice(from).map(({ atMs }) => atMs - startMs);
}

const lane = (till: Till) => till.terminal.status().lanes[0];
const honestly: Behaviour = (_request, honest) => honest();

describe("pace", () => {
  it("sends a sale at once, and asks for news every 30 s (continuous)", async () => {
    const till = await openTill();
    const times = clockwork(till);
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(100_000);
    expect(times()).toEqual([0, 30_000, 60_000, 90_000]);
    expect(till.centre.requests.slice(-3).map(({ changes }) => changes.length)).toEqual([0, 0, 0]);
  });

  it("retries at once, bursts 1, 2, 4, 8, 16 s spread by half, then keeps the slow period for ever (I11)", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    const times = clockwork(till);
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(21 * MINUTE);
    const burst = [0, 0, 500, 1500, 3500, 7500, 15_500];
    expect(times()).toEqual([...burst, ...[5, 10, 15, 20].map((minutes) => 15_500 + minutes * MINUTE)]);
    expect(lane(till)).toMatchObject({
      state: "retrying",
      failures: 11,
      badge: true,
      lastError: { code: "UNREACHABLE" },
    });
    expect(till.terminal.status()).toMatchObject({ light: "red", syncState: "Error", pending: 1 });
  });

  it("keeps to the slow period however much is sold meanwhile, and a shift close or Sync now tries once more", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(20_000);
    const times = clockwork(till);
    for (let at = 0; at < 10; at++) till.terminal.closeOrder(sale(`b-${at}`));
    await till.clock.advance(1_000);
    expect(times()).toEqual([]);
    till.terminal.closeShift({});
    await till.clock.advance(1_000);
    await till.terminal.syncNow();
    expect(times()).toEqual([1_000, 2_000]);
  });

  it("waits as long as Retry-After says, but not for ever, and does not retry at once when told to slow down", async () => {
    const till = await openTill();
    till.centre.next.push(
      refuse("TOO_MANY_REQUESTS", { retryAfterMs: 7_000 }),
      refuse("UNAVAILABLE", { retryAfterMs: 86_400_000 }),
      refuse("UNAVAILABLE"),
    );
    const times = clockwork(till);
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(12 * MINUTE);
    // Half of the spread above each: ten seconds, and a fifth of ten minutes.
    const second = 7_000 + 5_000;
    const third = second + 11 * MINUTE;
    expect(times().slice(0, 4)).toEqual([0, second, third, third + 2_000]);
    expect(till.terminal.status().pending).toBe(0);
  });

  it("asks no sooner than the centre wishes, unless there is something to send, and never later than ten minutes", async () => {
    const till = await openTill();
    till.centre.answer = { pacing: { notBeforeMs: 120_000 } };
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const times = clockwork(till);
    await till.clock.advance(130_000);
    till.terminal.closeOrder(sale("b"));
    await till.settle();
    expect(times()).toEqual([120_000, 130_000]);
    till.centre.answer = { pacing: { notBeforeMs: 1e15 } };
    till.terminal.closeOrder(sale("c"));
    await till.clock.advance(10 * MINUTE);
    expect(times()).toHaveLength(4);
  });

  it("in the shift profile waits for its 20 minutes, for a shift and for Sync now, not for sales", async () => {
    const till = await openTill({ profile: "shift" });
    const times = clockwork(till);
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(19 * MINUTE);
    expect(times()).toEqual([]);
    await till.clock.advance(MINUTE);
    expect(times()).toEqual([20 * MINUTE]);
    till.terminal.closeOrder(sale("b"));
    await till.terminal.syncNow();
    till.terminal.closeOrder(sale("c"));
    till.terminal.closeShift({});
    await till.settle();
    expect(times()).toEqual([20 * MINUTE, 20 * MINUTE, 20 * MINUTE]);
    expect(till.terminal.status().pending).toBe(0);
  });

  it("in the live profile sends edits and stock at once as well; in continuous they go with the next exchange", async () => {
    for (const [profile, expected] of [
      ["live", [0]],
      ["continuous", [30_000]],
    ] as const) {
      const till = await openTill({ profile });
      await till.settle();
      const times = clockwork(till);
      till.terminal.editOrder({ localId: "table-4" });
      await till.clock.advance(expected[0]);
      expect(times()).toEqual(expected);
      expect(till.terminal.status().pending).toBe(0);
    }
  });

  it("can be set otherwise", async () => {
    const till = await openTill({ intervalMs: 1_000, slowMs: 10_000 });
    const times = clockwork(till);
    await till.clock.advance(2_500);
    expect(times()).toEqual([1_000, 2_000]);
    till.centre.always = unreachable;
    await till.clock.advance(40_000);
    const late = times().slice(-2);
    expect((late[1] ?? 0) - (late[0] ?? 0)).toBe(10_000);
  });

  it("is not moved by a clock that somebody sets (I23)", async () => {
    const till = await openTill();
    const times = clockwork(till);
    till.clock.jump(-365 * 86_400_000);
    await till.clock.advance(30_000);
    till.clock.jump(10 * 365 * 86_400_000);
    await till.clock.advance(30_000);
    expect(times()).toEqual([30_000, 60_000]);
  });
});

describe("draining", () => {
  it("goes on by itself after the link heals, without a new sale and without anybody doing anything (I12)", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    for (let at = 0; at < 20; at++) till.terminal.closeOrder(sale(`o-${at}`));
    await till.clock.advance(5 * 86_400_000);
    expect(till.terminal.status().pending).toBe(20);
    till.centre.always = honestly;
    await till.clock.advance(30_000);
    expect(till.terminal.status()).toMatchObject({
      pending: 0,
      syncedOrders: 20,
      light: "green",
      syncState: "Success",
    });
    expect(till.centre.stored(till.terminal.status().incarnation)).toHaveLength(21);
  });

  it("sends everything oldest first, in batches that grow, and nothing twice", async () => {
    const till = await openTill();
    till.centre.always = hang;
    till.terminal.transaction((tx) => {
      for (let at = 0; at < 1500; at++) tx.closeOrder(sale(`o-${at}`));
    });
    till.crash();
    const from = till.centre.requests.length;
    till.centre.always = honestly;
    till.start();
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
    const ranges = till.centre.requests.slice(from).map(({ fromSeq, changes }) => [fromSeq, changes.length]);
    expect(ranges).toEqual([
      [2, 250],
      [252, 500],
      [752, 500], // sent before the one before it was answered, and so not larger yet
      [1252, 250],
    ]);
  });

  it("goes on while the cashier sells on: what is sold meanwhile is no other history", async () => {
    const till = await openTill();
    till.centre.always = hang;
    till.terminal.transaction((tx) => {
      for (let at = 0; at < 1500; at++) tx.closeOrder(sale(`o-${at}`));
    });
    till.crash();
    till.centre.always = honestly;
    till.start();
    let sold = 0;
    till.centre.always = (_request, honest) => {
      if (sold < 10) till.terminal.closeOrder(sale(`meanwhile-${sold++}`));
      return honest();
    };
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 1500 + sold, light: "green" });
  });

  it("an answer that is lost again and again changes nothing but timing (I7)", async () => {
    const till = await openTill();
    till.centre.next.push(loseAnswer, loseAnswer, loseAnswer);
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeOrder(sale("b"));
    await till.clock.advance(MINUTE);
    const stored = till.centre.stored(till.terminal.status().incarnation);
    expect(stored.map(({ body }) => JSON.parse(body).localId)).toEqual(["shift-1", "a", "b"]);
    expect(till.terminal.status().pending).toBe(0);
  });

  it("what is sold during an exchange goes with the next one at once", async () => {
    const till = await openTill();
    let answer: (() => void) | undefined;
    till.centre.next.push(
      (_request, honest) =>
        new Promise((resolve) => {
          answer = () => resolve(honest());
        }),
    );
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    till.terminal.closeOrder(sale("b"));
    till.terminal.recordInventory({ localId: "i", item: "x", delta: "1", type: "count" });
    expect(lane(till)).toMatchObject({ state: "sending", nextAttemptAt: null });
    const times = clockwork(till);
    answer?.();
    await till.settle();
    expect(times()).toEqual([0]);
    expect(till.terminal.status().pending).toBe(0);
  });

  it("resumes when the process starts, whatever it was waiting for before", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    await till.clock.advance(30 * MINUTE);
    till.crash();
    till.centre.always = honestly;
    till.start();
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pending: 0, light: "green" });
  });

  it("a till that starts without the link shows why, from before", async () => {
    const till = await openTill();
    till.centre.always = refuse("UNAUTHENTICATED");
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    till.crash();
    till.centre.always = hang;
    till.start();
    expect(lane(till)).toMatchObject({ failures: 1, lastError: { code: "UNAUTHENTICATED" } });
  });

  it("selling never waits for it: the network may hang (I32)", async () => {
    const till = await openTill();
    till.centre.always = hang;
    for (let at = 0; at < 50; at++) expect(till.terminal.closeOrder(sale(`o-${at}`)).duplicate).toBe(false);
    expect(till.terminal.status().pending).toBe(50);
  });
});

describe("what the loop writes", () => {
  it("is nothing while all is well and nothing is new: an idle till leaves its disk alone", async () => {
    let commits = 0;
    const open = stubDriver({
      exec: (sql, go) => {
        if (sql === "COMMIT") commits++;
        go();
      },
    });
    const till = await openTill({ open });
    commits = 0;
    await till.clock.advance(60 * MINUTE);
    expect(commits).toBe(0);
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    expect(commits).toBe(2);
  });

  it("is when the next attempt is due and why the last one failed", async () => {
    const till = await openTill();
    till.centre.next.push(refuse("UNAVAILABLE", { retryAfterMs: 90_000 }));
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    const row = till.store.read.get(
      "SELECT failures, due_at - ? AS due, error_code AS code FROM lane",
      till.clock.wallMs(),
    );
    const dueInMs = 90_000 + 9_000;
    expect(row).toMatchObject({ failures: 1, due: dueInMs, code: "UNAVAILABLE" });
    expect(lane(till)?.nextAttemptAt).toBe(new Date(till.clock.wallMs() + dueInMs).toISOString());
    await till.clock.advance(dueInMs);
    expect(till.store.read.get("SELECT failures, error_code AS code FROM lane")).toMatchObject({
      failures: 0,
      code: null,
    });
  });
});

describe("Sync now", () => {
  it("sends everything up to here and tells how much went", async () => {
    const till = await openTill({ profile: "shift" });
    for (let at = 0; at < 600; at++)
      till.terminal.recordInventory({ localId: `i-${at}`, item: "x", delta: "1", type: "count" });
    expect(await till.terminal.syncNow()).toMatchObject({ sent: 600, left: 0, reason: null });
    expect(await till.terminal.syncNow()).toMatchObject({ sent: 0, left: 0, reason: null });
  });

  it("that fails tells what is left and why; nothing is lost", async () => {
    const till = await openTill({ profile: "shift" });
    till.terminal.closeOrder(sale("a"));
    till.centre.next.push(unreachable);
    expect(await till.terminal.syncNow()).toMatchObject({ sent: 0, left: 1, reason: { code: "UNREACHABLE" } });
    expect(await till.terminal.syncNow()).toMatchObject({ sent: 1, left: 0, reason: null });
  });

  it("tells what went before it failed", async () => {
    const till = await openTill({ profile: "shift", maxBatchChanges: 10 });
    for (let at = 0; at < 25; at++) till.terminal.closeOrder(sale(`o-${at}`));
    till.centre.next.push(honestly, honestly, unreachable);
    expect(await till.terminal.syncNow()).toMatchObject({ sent: 20, left: 5, reason: { code: "UNREACHABLE" } });
  });

  it("tries for itself when an earlier attempt is still hanging", async () => {
    const till = await openTill();
    let fail: (() => void) | undefined;
    till.centre.next.push(
      (request, honest, signal) =>
        new Promise((_resolve, reject) => {
          fail = () =>
            Promise.resolve(request)
              .then(() => unreachable(request, honest, signal))
              .catch(reject);
        }),
    );
    till.terminal.closeOrder(sale("a"));
    const waiting = till.terminal.syncNow();
    void fail?.();
    expect(await waiting).toMatchObject({ sent: 1, left: 0, reason: null });
  });

  it("asked for twice at once is answered twice", async () => {
    const till = await openTill({ profile: "shift" });
    till.terminal.closeOrder(sale("a"));
    const both = await Promise.all([till.terminal.syncNow(), till.terminal.syncNow()]);
    expect(both).toMatchObject([
      { sent: 1, left: 0, reason: null },
      { sent: 1, left: 0, reason: null },
    ]);
  });
});
