import { describe, expect, it } from "vitest";
import { NOTICED_WITHIN_MS, WORK_MS } from "./liveness.ts";
import { SALE_MINOR } from "./scripted-till.ts";
import { play } from "./testing/play.ts";
import { hours, minutes, seconds } from "./times.ts";

const PROFILES = ["shift", "continuous", "live"] as const;
const CONTINUOUS = { profile: "continuous" } as const;

describe("the queue silently stops (field survey 2.2)", () => {
  it.each(PROFILES)(
    "one failed upload, then nothing until the next local write (powersync-native #15, powersync-kotlin #340, powersync-swift #179), profile %s",
    (profile) =>
      play({ profile }, async (stage) => {
        const { till } = stage;
        till.start();
        till.openShift("Amina");
        await stage.advance(minutes(1));
        till.cutLink();
        till.sell();
        till.closeShift();
        await stage.until("one failed", () => till.attempts.at(-1)?.outcome === "UNREACHABLE", seconds(1));
        till.healLink();
        // Nobody sells, nobody presses anything: the burst alone brings it up.
        await stage.drained(seconds(40));
        expect(stage.sales.count).toBe(1);
      }),
  );

  it.each(PROFILES)("... and the same after a whole night of failures, profile %s", (profile) =>
    play({ profile }, async (stage) => {
      const { till } = stage;
      till.cutLink();
      till.start();
      till.openShift("Amina");
      till.sell(3);
      till.closeShift();
      await stage.advance(hours(10));
      till.healLink();
      await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
      expect(stage.sales.count).toBe(3);
    }),
  );

  it.each([1, 2, 3])(
    "the queue count sticks under partitions and kills (powersync.dart #307, #308, #253), seed %i",
    (seed) =>
      play({ ...CONTINUOUS, seed }, async (stage) => {
        const { till } = stage;
        till.start();
        till.openShift("Amina");
        for (const how of ["refusing", "silent", "deaf", "refusing", "deaf", "silent"] as const) {
          till.cutLink(how);
          till.sell(7);
          await stage.advance(seconds(20));
          till.kill();
          till.healLink();
          till.start();
          till.sell(2);
          await stage.advance(seed * 15);
          till.kill();
          till.start();
          const { headSeq, durableThrough, pending } = till.status;
          expect(pending).toBe(headSeq - durableThrough);
          expect(headSeq).toBe(till.journal.length);
        }
        await stage.drained(seconds(40));
        expect(till.status).toMatchObject({ pendingOrders: 0, syncedOrders: 54, light: "green" });
        expect(stage.sales).toEqual({ count: 54, totalMinor: 54 * SALE_MINOR });
      }),
  );

  it('one early failed ping leaves the POS "offline" (odoo #220954)', () =>
    play(CONTINUOUS, async (stage) => {
      const { till } = stage;
      till.cutLink();
      till.start();
      await stage.until("it failed", () => till.status.light === "red", seconds(1));
      till.healLink();
      await stage.until("it is online again", () => till.status.light === "green", seconds(40));
      till.openShift("Amina");
      till.sell();
      await stage.drained(seconds(2));
    }));

  it("an interrupted sync clears the mark of what is dirty, so orders are not picked up again (odoo #261096)", async () => {
    for (const afterMs of [0, 5, 15, 30, 45, 60, 90, 150, 250]) {
      await play({ ...CONTINUOUS, seed: afterMs + 1 }, async (stage) => {
        const { till } = stage;
        till.cutLink();
        till.start();
        till.openShift("Amina");
        till.sell(20);
        await stage.advance(minutes(1));
        till.healLink();
        const result = till.terminal.syncNow();
        result.catch(() => {});
        await stage.advance(afterMs);
        till.cutLink(afterMs % 2 === 0 ? "refusing" : "deaf");
        await stage.advance(minutes(1));
        till.healLink();
        await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
        expect(stage.sales.count, `cut after ${afterMs} ms`).toBe(20);
      });
    }
  });

  it('orders not sent at session close land in a "rescue session" later (odoo #203431, #137648)', () =>
    play({ profile: "shift" }, async (stage) => {
      const { till } = stage;
      till.cutLink();
      till.start();
      const morning = till.openShift("Amina");
      const sold = till.sell(12);
      till.closeShift();
      await stage.advance(hours(20));
      const next = till.openShift("Baraka");
      till.sell(1);
      till.healLink();
      await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
      expect(next.businessDate).not.toBe(morning.businessDate);
      for (const { localId } of sold) {
        const { shiftId, businessDate } = stage.tables.documents.get(`order/${localId}`) ?? {};
        expect({ shiftId, businessDate }).toEqual({ shiftId: morning.localId, businessDate: morning.businessDate });
      }
    }));

  it('a session opening is queued in memory, replayed on the browser\'s "online" only, and lost on reload (odoo #288899)', () =>
    play(CONTINUOUS, async (stage) => {
      const { till } = stage;
      till.cutLink();
      till.start();
      const shift = till.openShift("Amina");
      till.kill();
      await stage.advance(hours(1));
      till.start();
      expect(till.terminal.shift()).toMatchObject(shift);
      till.sell();
      till.healLink();
      await stage.drained(seconds(40));
      expect(stage.storedOf(till).map(({ kind }) => kind)).toEqual(["shift.opened", "order.closed"]);
    }));

  it("paused during a retry, it counts as pushed and is never sent (RxDB PR #8285)", () =>
    play(CONTINUOUS, async (stage) => {
      const { till } = stage;
      till.start();
      till.openShift("Amina");
      await stage.advance(minutes(1));
      till.cutLink("silent");
      till.sell(5);
      const before = till.attempts.length;
      await stage.until("a retry is under way", () => till.attempts.length > before + 2, minutes(3));
      const stopping = till.stop(0);
      await stage.advance(seconds(1));
      await stopping;
      till.healLink();
      till.start();
      expect(till.pending).toBe(5);
      await stage.drained(seconds(2));
      expect(stage.sales.count).toBe(5);
    }));

  it.each(PROFILES)(
    "changes that keep coming put the retry off for ever (couchbase-lite-java-core #1149), profile %s",
    (profile) =>
      play({ profile }, async (stage) => {
        const { till } = stage;
        till.cutLink();
        till.start();
        till.openShift("Amina");
        till.sell();
        await stage.advance(hours(1));
        till.healLink();
        const healedMs = stage.nowMs;
        const before = till.attempts.length;
        while (till.attempts.length === before) {
          till.sell();
          await stage.advance(seconds(5));
          expect(stage.nowMs - healedMs).toBeLessThan(NOTICED_WITHIN_MS + seconds(5));
        }
        till.closeShift();
        await stage.drained(WORK_MS);
      }),
  );
});

describe("shift close (field survey 2.7)", () => {
  it("the closing record is empty when a shift is closed offline (POSpire PR #41)", () =>
    play({ profile: "shift" }, async (stage) => {
      const { till } = stage;
      till.cutLink();
      till.start();
      till.openShift("Amina");
      till.sell(9);
      till.closeShift();
      await stage.advance(hours(3));
      till.healLink();
      await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
      const closing = stage.storedOf(till).find(({ kind }) => kind === "shift.closed");
      const { payload } = JSON.parse(closing?.body ?? "{}") as { payload: Record<string, unknown> };
      expect(payload).toMatchObject({
        openSeq: 1,
        counts: { "order.closed": 9 },
        totals: [{ currency: "KES", tender: "cash", amountMinor: 9 * SALE_MINOR }],
      });
    }));

  it("closing is not idempotent (POSpire PR #41): a second press is refused, and nothing is closed twice", () =>
    play({ profile: "shift" }, async (stage) => {
      const { till } = stage;
      till.start();
      till.openShift("Amina");
      till.sell();
      till.closeShift();
      expect(() => till.closeShift()).toThrow(expect.objectContaining({ code: "SHIFT_NOT_OPEN" }));
      await stage.drained(seconds(5));
      // A till that never hears the answer sends the same closing again.
      till.openShift("Baraka");
      till.cutLink("deaf");
      till.closeShift();
      await stage.advance(minutes(2));
      till.kill();
      till.start();
      till.healLink();
      await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
      const closings = stage.storedOf(till).filter(({ kind }) => kind === "shift.closed");
      expect(closings.map(({ effect }) => effect)).toEqual(["applied", "applied"]);
    }));

  it('a server that answers "no shift" wipes the provisional one (POSpire PR #41)', () =>
    play({ profile: "shift" }, async (stage) => {
      const { till } = stage;
      const restore = stage.shop.backup();
      till.start();
      const shift = till.openShift("Amina");
      till.sell(4);
      await stage.advance(minutes(21));
      // The centre is put back to a copy in which this shift was never opened.
      stage.stopServers();
      restore(true);
      stage.startServers();
      await stage.advance(minutes(21));
      expect(till.terminal.shift()).toMatchObject(shift);
      till.sell();
      till.closeShift();
      await stage.drained(minutes(1));
      expect(stage.sales.count).toBe(5);
    }));

  it("the time zone moves sales to another day (POSpire PR #41): a shift counts on the day on which it was opened where the store is", () =>
    play({ profile: "shift", timeZone: "Africa/Nairobi" }, async (stage) => {
      const { till } = stage;
      // 23:30 in Nairobi on the 16th, 20:30 UTC; closed at 02:30 on the 17th.
      await stage.at("20:30");
      till.start();
      till.openShift("Amina");
      till.sell();
      await stage.at("23:30");
      till.sell();
      till.closeShift();
      // 00:30 UTC on the 17th, 03:30 in Nairobi.
      await stage.at("00:30");
      till.openShift("Baraka");
      till.sell();
      till.closeShift();
      await stage.drained(seconds(5));
      const dates = stage.storedOf(till).map(({ body }) => (JSON.parse(body) as { businessDate: string }).businessDate);
      expect(dates).toEqual([...Array(4).fill("2026-01-16"), ...Array(3).fill("2026-01-17")]);
    }));

  it("open orders vanish when the session is closed (odoo #16151, #15952)", () =>
    play({ profile: "shift" }, async (stage) => {
      const { till } = stage;
      till.cutLink();
      till.start();
      till.openShift("Amina");
      const table = till.hold();
      till.sell(2);
      till.closeShift();
      await stage.advance(hours(1));
      till.kill();
      till.start();
      expect(till.terminal.openOrders().map(({ localId }) => localId)).toEqual([table]);
      till.openShift("Baraka");
      till.pay(table);
      till.healLink();
      await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
      expect(stage.tables.documents.get(`order/${table}`)).toMatchObject({ state: "closed", totalMinor: SALE_MINOR });
      expect(stage.sales.count).toBe(3);
    }));

  it("shift review, closing and reopening cannot be done offline (Toast's documentation)", () =>
    play({ profile: "shift" }, async (stage) => {
      const { till } = stage;
      till.cutLink("silent");
      till.start();
      for (const operator of ["Amina", "Baraka", "Chebet"]) {
        const beganMs = stage.nowMs;
        expect(till.openShift(operator)).toMatchObject({ operator, closedAt: null });
        till.sell(3);
        expect(till.closeShift().closedAt).not.toBeNull();
        expect(stage.nowMs).toBe(beganMs);
        await stage.advance(hours(8));
      }
      expect(till.pending).toBe(15);
    }));
});

describe("reconnect storms (field survey 2.22)", () => {
  it.each(PROFILES)(
    "all clients come back in the same second (elastic-agent PR #13874, teleport #6889, hocuspocus #175), profile %s",
    (profile) =>
      play({ profile, tills: 40 }, async (stage) => {
        for (const till of stage.tills) till.start();
        await stage.advance(minutes(1));
        // A town loses its power network; every shop sells on.
        for (const till of stage.tills) {
          till.openShift("Amina");
          till.cutLink();
          till.sell(2);
        }
        await stage.advance(minutes(25));
        for (const till of stage.tills) till.healLink();
        const healedMs = stage.nowMs;
        await stage.drained(NOTICED_WITHIN_MS + WORK_MS);
        const bySecond = new Map<number, number>();
        for (const till of stage.tills) {
          const second = Math.floor(((till.attemptsSince(healedMs)[0]?.atMs ?? 0) - healedMs) / 1000);
          bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
        }
        expect(Math.max(...bySecond.values())).toBeLessThanOrEqual(12);
        expect(stage.sales.count).toBe(80);
      }),
  );
});
