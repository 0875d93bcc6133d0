import { describe, expect, it, vi } from "vitest";
import { WAYS_TO_ROT } from "../centre/rot.ts";
import type { LinkState } from "../net/network.ts";
import { gapsOf } from "./attempts.ts";
import { NOTICED_WITHIN_MS, WORK_MS } from "./liveness.ts";
import { SALE_MINOR, type ScriptedTill } from "./scripted-till.ts";
import type { Stage } from "./stage.ts";
import { play } from "./testing/play.ts";
import { hours, minutes, seconds } from "./times.ts";

const SHIFT = { profile: "shift" } as const;
const DRAIN_MS = NOTICED_WITHIN_MS + WORK_MS;
/** Twenty minutes as a waiting till has them: spread by a tenth, so that a town does not come back in one second. */
const [ABOUT_20_LEAST, ABOUT_20_MOST] = [minutes(18), minutes(22)];
/** The first attempt that failed, its repetition at once, and the short waits of 1, 2, 4, 8 and 16 s at most. */
const FAST_ATTEMPTS = 7;
const BURST_MS = seconds(32);

/** Amina opens her shift at eight, with the link as it is. */
async function morning(stage: Stage, link: LinkState = "up"): Promise<ScriptedTill> {
  const { till } = stage;
  await stage.at("08:00");
  if (link !== "up") till.cutLink(link);
  till.start();
  till.openShift("Amina");
  return till;
}

describe("requirement 000", () => {
  it('"The main server (LocalDB) successfully receives transactions."', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage, "refusing");
      const told = till.sell(25);
      // The power goes the instant after the last receipt was printed.
      till.pullPlug();
      const kept = new Map(till.journal.map(({ localId, hash }) => [localId, hash]));
      for (const { localId, hash } of told) expect(kept.get(localId)).toBe(hash);
      expect(stage.sales.count).toBe(0);
    }));

  it('"When the cashier closes the shift, all pending transactions must be sent to the cloud."', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage);
      await stage.advance(minutes(5));
      till.sell(600);
      expect(till.pending).toBe(600);
      till.closeShift();
      expect(await stage.drained(seconds(5))).toBeGreaterThan(0);
      expect(stage.sales).toEqual({ count: 600, totalMinor: 600 * SALE_MINOR });
    }));

  it('"... all pending transactions": those of an earlier shift too, oldest first', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage, "refusing");
      till.sell(3);
      till.closeShift();
      await stage.advance(hours(2));
      till.openShift("Baraka");
      till.sell(4);
      await stage.advance(minutes(1));
      till.healLink();
      till.closeShift();
      await stage.drained(seconds(5));
      expect(stage.storedOf(till).map(({ seq }) => seq)).toEqual(till.journal.map(({ seq }) => seq));
      expect(stage.sales.count).toBe(7);
    }));

  it('"After uploading to the cloud, the cloud database compares the data with the local database, and then updates the local database accordingly."', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage);
      const [good] = till.sell();
      const poison = till.sellPoison();
      till.closeShift();
      // What the centre made of it comes down by itself, and the till's own record of the sale says so.
      expect(await stage.settled()).toEqual(["waiting", "settled-with-exceptions"]);
      expect(till.settlements).toMatchObject([{ state: "settled-with-exceptions", exceptions: 1, differences: 0 }]);
      expect(till.terminal.order(poison.localId)).toMatchObject({ orderSyncStatus: "FAILED", effect: "parked" });
      expect(till.terminal.order(good?.localId ?? "")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
      till.openShift("Brian");
      till.sell(2);
      till.closeShift();
      expect(await stage.settled()).toEqual(["waiting", "settled"]);
      expect(till.settlements).toMatchObject([{ exceptions: 1 }, { state: "settled", exceptions: 0, differences: 0 }]);
    }));

  it.each([
    ["the local database has other bytes of two sales", ["different"], ({ till }: Stage, seq: number) => till.rot(seq)],
    // A hash that its own bytes put right is no difference to anybody.
    ...WAYS_TO_ROT.map((way) => {
      const shown = way === "hash altered" ? [] : ["different"];
      const rot = (stage: Stage, seq: number) => stage.rotAtCentre(stage.till, seq, way);
      return [`the cloud database has two sales with the ${way}`, shown, rot] as const;
    }),
  ] as const)('"... compares the data ... and then updates the local database accordingly": %s', (_what, shown, rot) =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage);
      till.sell(5);
      await stage.advance(minutes(25));
      till.sell(2);
      till.closeShift();
      const rows = () => till.journal.map(({ body, hash }) => ({ body, hash }));
      const sold = rows();
      for (const seq of [3, 5]) rot(stage, seq);
      expect(await stage.settled()).toEqual(["waiting", ...shown, "settled"]);
      expect(till.settlements).toMatchObject([{ state: "settled", exceptions: 0, differences: 0 }]);
      expect(rows()).toEqual(sold);
      expect(stage.storedOf(till).map(({ body, hash }) => ({ body, hash }))).toEqual(sold);
    }),
  );

  it('"When a shift is opened, the system should attempt to send transactions every 20 minutes."', () =>
    play(SHIFT, async (stage) => {
      const { till } = stage;
      await stage.at("08:00");
      till.start();
      await stage.advance(minutes(1));
      const openedMs = stage.nowMs;
      till.openShift("Amina");
      for (let minute = 0; minute < 121; minute++) {
        await stage.advance(minutes(1));
        till.sell();
      }
      const attempts = till.attemptsSince(openedMs);
      // At once for the opening itself, and nothing between two cycles.
      expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(7).fill("ok"));
      for (const gap of gapsOf(attempts)) expect(Math.abs(gap - minutes(20))).toBeLessThan(seconds(2));
      expect(attempts.slice(1).map(({ changes }) => changes)).toEqual(Array(6).fill(20));
    }));

  it('"If there are issues and some transactions fail to send, then at shift-close time, the system must retry sending all remaining transactions every 20 minutes until they succeed."', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage);
      await stage.advance(minutes(5));
      till.cutLink();
      till.sell(40);
      await stage.advance(hours(4));
      const closedMs = stage.nowMs;
      till.closeShift();
      await stage.advance(hours(8));
      const attempts = till.attemptsSince(closedMs);
      expect(attempts[0]?.atMs, "the closing itself is a reason to try").toBeLessThan(closedMs + seconds(1));
      for (const gap of gapsOf(attempts)) expect(gap).toBeLessThanOrEqual(ABOUT_20_MOST + seconds(1));
      for (const gap of gapsOf(attempts.slice(FAST_ATTEMPTS))) expect(gap).toBeGreaterThanOrEqual(ABOUT_20_LEAST);
      expect(attempts.length).toBeGreaterThanOrEqual((hours(8) - BURST_MS) / (ABOUT_20_MOST + seconds(1)));
      expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(new Set(["UNREACHABLE"]));
      expect(till.pending).toBe(41);
      till.healLink();
      await stage.drained(DRAIN_MS);
      expect(stage.sales.count).toBe(40);
    }));

  it('"If the transactions still don\'t get sent, and the next cashier opens a new shift, then as soon as they open the shift, the system should again start trying to send the pending transactions."', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage);
      till.cutLink();
      till.sell(40);
      till.closeShift();
      await stage.at("13:55");
      // Between two attempts the way is free again; nobody waits for the next one.
      const before = till.attempts.length;
      await stage.until("an attempt", () => till.attempts.length > before, ABOUT_20_MOST + seconds(1));
      await stage.advance(seconds(5));
      till.healLink();
      const openedMs = stage.nowMs;
      till.openShift("Baraka");
      expect(till.attemptsSince(openedMs), "it began in the same instant").toHaveLength(1);
      await stage.drained(seconds(5));
      expect(stage.sales.count).toBe(40);
    }));

  it("... and when that fails too, the cycle of the new shift goes on with what was left", () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage, "refusing");
      till.sell(10);
      till.closeShift();
      await stage.at("14:00");
      till.openShift("Baraka");
      till.sell(5);
      await stage.advance(hours(1));
      till.healLink();
      await stage.drained(DRAIN_MS);
      expect(stage.sales.count).toBe(15);
    }));
});

describe("requirement 000, when the application is closed", () => {
  /** From before the request leaves until after its answer was written down. */
  const MOMENTS_MS = [0, 1, 3, 10, 20, 35, 50, 80, 120, 200, 400];

  it('"Even if the application is closed while sending, all pending transactions must be saved." "When the application is opened again, it should automatically continue sending the pending transactions."', async () => {
    for (const afterMs of MOMENTS_MS) {
      await play({ ...SHIFT, seed: afterMs + 1 }, async (stage) => {
        const till = await morning(stage);
        await stage.advance(minutes(1));
        till.sell(50);
        till.closeShift();
        await stage.advance(afterMs);
        till.kill();
        expect(till.journal.filter(({ kind }) => kind === "order.closed")).toHaveLength(50);
        await stage.advance(minutes(3));
        const startedMs = stage.nowMs;
        till.start();
        expect(till.attemptsSince(startedMs), `killed after ${afterMs} ms`).toHaveLength(1);
        await stage.drained(seconds(5));
        expect(stage.sales).toEqual({ count: 50, totalMinor: 50 * SALE_MINOR });
      });
    }
  });

  it.each(["statement", "before-commit", "after-commit"] as const)(
    "... closed at the %s in which the till writes down that they are sent",
    (at) =>
      play(SHIFT, async (stage) => {
        const till = await morning(stage);
        await stage.advance(minutes(1));
        till.sell(50);
        till.closeShift();
        till.machine.disk.setTrap({ kind: "die", at, after: 0, powerCut: true });
        await stage.until("it died", () => till.machine.terminal === null, seconds(5));
        expect(stage.sales.count, "the centre has them already").toBe(50);
        await stage.advance(minutes(1));
        till.start();
        await stage.drained(seconds(5));
        expect(stage.sales.count).toBe(50);
      }),
  );

  it("... closed by its user, in the middle of an exchange that hangs", () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage);
      till.sell(50);
      till.cutLink("deaf");
      till.closeShift();
      await stage.advance(seconds(1));
      const stopping = till.stop(2000);
      await stage.advance(seconds(3));
      await stopping;
      expect(till.machine.terminal).toBeNull();
      till.healLink();
      await stage.advance(hours(10));
      till.start();
      await stage.drained(seconds(5));
      expect(stage.sales.count).toBe(50);
    }));

  it('C: "When the system starts again, ... immediately picking up all remaining Pending and Failed transactions from the database and resuming the 20-minute cycle."', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage, "refusing");
      till.sell(10);
      await stage.advance(hours(1));
      till.kill();
      till.healLink();
      const startedMs = stage.nowMs;
      till.start();
      await stage.drained(seconds(5));
      till.sell(5);
      await stage.advance(minutes(41));
      const cycle = till.attemptsSince(startedMs).slice(-3);
      for (const gap of gapsOf(cycle)) expect(Math.abs(gap - minutes(20))).toBeLessThan(seconds(2));
      expect(stage.sales.count).toBe(15);
    }));
});

describe("requirement 000, the rest", () => {
  it('A: "Cloud Failure: Update Status to Failed and increment AttemptCount", and what has failed is selected again', () =>
    play(SHIFT, async (stage) => {
      const till = await morning(stage, "refusing");
      till.sell(10);
      const counts: number[] = [];
      for (let hour = 0; hour < 6; hour++) {
        await stage.advance(hours(1));
        const [lane] = till.status.lanes;
        expect(lane).toMatchObject({ state: "retrying", pending: 11, lastError: { code: "UNREACHABLE" } });
        expect(lane?.lastAttemptAt).not.toBeNull();
        counts.push(lane?.failures ?? 0);
      }
      expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
      till.healLink();
      await stage.drained(DRAIN_MS);
      expect(till.status.lanes[0]).toMatchObject({ state: "settled", failures: 0 });
    }));

  it('"This entire backend processing must run invisibly — the user should not see any of it."', () =>
    play(SHIFT, async (stage) => {
      const { till } = stage;
      const printed = ["log", "info", "warn", "error"] as const;
      const spies = printed.map((level) => vi.spyOn(console, level).mockImplementation(() => {}));
      const streams = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write"));
      try {
        await stage.at("08:00");
        till.cutLink("silent");
        till.start();
        const beganMs = stage.nowMs;
        till.openShift("Amina");
        till.sell(500);
        const table = till.hold();
        till.pay(table);
        till.closeShift();
        // Every button came back while the first exchange still hung: no simulated time has passed.
        expect(stage.nowMs).toBe(beganMs);
        expect(till.attempts.at(-1)?.outcome).toBe("under way");
        await stage.advance(hours(3));
        till.kill();
        till.start();
        await stage.advance(hours(1));
        till.healLink();
        await stage.drained(DRAIN_MS + WORK_MS);
        for (const spy of [...spies, ...streams]) expect(spy).not.toHaveBeenCalled();
      } finally {
        for (const spy of [...spies, ...streams]) spy.mockRestore();
      }
    }));
});
