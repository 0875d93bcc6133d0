import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { settleAfter } from "../settlement/settle.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { sampleChangeId, sampleSale } from "../testing/sample-life.ts";
import { SampleShifts } from "../testing/sample-shift.ts";
import { closeDay, readDay } from "./day.ts";

const DAY = "2026-01-16";
let world: IngestWorld;
let store: TestStore;
let first: SampleShifts;
let second: SampleShifts;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  first = new SampleShifts(await store.enrol("T01"));
  second = new SampleShifts(await store.enrol("T02"));
});

const KES = (amountMinor: number, tender = "cash") => ({ currency: "KES", tender, amountMinor });
const refund = (localId: string) =>
  sampleSale({ localId, changeId: sampleChangeId(`${store.scope.storeId} ${localId}`) }, -150, {
    documentType: "return",
    tenders: [{ type: "mpesa", amountMinor: -150 }],
  });

async function send(life: SampleShifts): Promise<void> {
  await store.send(life.request());
  await settleAfter(world.settlement, store.scope, life.request());
}
const close = (more: object = {}) =>
  closeDay(world.database.pool, store.scope, {
    businessDate: DAY,
    actor: "Wanjiru",
    reason: null,
    nowMs: Date.UTC(2026, 0, 16, 20),
    ...more,
  });
const read = (businessDate = DAY) => readDay(world.database.pool, store.scope, businessDate);

async function bakeryDay(): Promise<void> {
  first.open("morning");
  first.addSales(3, "m");
  first.add(refund("back"));
  const receipts = [{ first: "T01-20260116-00002", last: "T01-20260116-00005", count: 4 }];
  first.close({ operator: "Amina", overShort: [KES(-20)], receipts });
  first.open("afternoon");
  first.addSales(2, "a");
  first.close();
  second.open("other-till");
  second.addSales(1, "o");
  second.close();
  await send(first);
  await send(second);
}

describe("a day", () => {
  it("is locked with a Z report of its shifts, to the cent", async () => {
    await bakeryDay();
    const day = await close();
    const cash = 102 + 103 + 104 + 108 + 109 + 102;
    expect(day).toMatchObject({
      businessDate: DAY,
      state: "closed",
      closedAt: "2026-01-16T20:00:00.000Z",
      actor: "Wanjiru",
    });
    expect(day.report).toMatchObject({
      totals: [KES(cash), KES(-150, "mpesa")],
      documents: [
        { documentType: "return", currency: "KES", count: 1, totalMinor: -150 },
        { documentType: "sale", currency: "KES", count: 6, totalMinor: cash },
      ],
      exceptions: 0,
      overShort: [KES(-20)],
      terminals: [
        { shortId: "T01", totals: [KES(cash - 102), KES(-150, "mpesa")] },
        { shortId: "T02", totals: [KES(102)] },
      ],
    });
    expect(day.report.shifts).toMatchObject([
      { shift: "morning", shortId: "T01", operator: "Amina", state: "settled", receipts: [{ count: 4 }] },
      { shift: "afternoon", shortId: "T01", operator: null },
      { shift: "other-till", shortId: "T02" },
    ]);
    expect(day.supplement).toMatchObject({ shifts: [], totals: [] });
    expect(await read()).toEqual(day);
  });

  it("is refused while a shift of it is open or not settled, and names them", async () => {
    first.open("morning");
    first.addSales(1);
    await send(first);
    second.open("other-till");
    second.close();
    await store.send(second.request());
    const missing = {
      open: [{ shift: "morning", shortId: "T01" }],
      unsettled: [{ shift: "other-till", shortId: "T02" }],
    };
    await expect(close()).rejects.toMatchObject({ code: "DAY_NOT_SETTLED", details: missing });
    expect(await read()).toMatchObject({ state: "open", missing, report: { shifts: [] } });
    await expect(read("2026-01-17")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(close({ businessDate: "2026-01-17" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("shows apart what no shift has, which other makes and head office sent; what comes later is its supplement", async () => {
    await bakeryDay();
    const outside = (localId: string, type: string | null, totalMinor: number) =>
      world.admin.query(
        `INSERT INTO tillsync.document (org_id, store_id, entity, local_id, state, version, business_date, occurred_at,
           document_type, currency, total_minor, terminal, incarnation, seq)
         VALUES ($1, $2, 'order', $3, 'closed', 1, $4, now(), $5, 'KES', $6, $7, '0000000000000000', 1)`,
        [store.scope.orgId, store.scope.storeId, localId, DAY, type, totalMinor, first.terminal],
      );
    await outside("device-1", null, 500);
    await outside("device-2", null, 250);
    await outside("device-3", "refund", -100);
    const day = await close();
    const own = [
      { documentType: "order", currency: "KES", count: 2, totalMinor: 750 },
      { documentType: "refund", currency: "KES", count: 1, totalMinor: -100 },
    ];
    expect(day.report.outside).toEqual(own);
    expect(day.report.documents).toMatchObject([{ documentType: "return" }, { documentType: "sale", count: 6 }]);
    expect(day.supplement.outside).toEqual([]);
    await outside("device-4", null, 30);
    const later = await read();
    expect(later.report.outside).toEqual(own);
    expect(later.supplement.outside).toEqual([{ documentType: "order", currency: "KES", count: 1, totalMinor: 30 }]);
    await world.admin.query("UPDATE tillsync.day_close SET report = report - 'outside'");
    expect((await read()).report.outside).toEqual([]);
  });

  it("is refused while bytes of a shift are missing at the centre", async () => {
    await bakeryDay();
    await world.admin.query(
      "UPDATE tillsync.shift_settlement SET state = 'different' WHERE terminal = $1 AND local_id = 'afternoon'",
      [first.terminal],
    );
    await expect(close()).rejects.toMatchObject({ details: { unsettled: [{ shift: "afternoon" }] } });
  });

  it("keeps its numbers for ever; what comes later is applied, and is its supplement", async () => {
    first.open("morning");
    first.addSales(2, "m");
    first.close();
    await send(first);
    const { report } = await close();
    second.open("late");
    second.addSales(3, "late");
    second.close();
    await send(second);
    expect((await store.documents()).filter(({ entity }) => entity === "order")).toHaveLength(5);
    const day = await read();
    expect(day.report).toEqual(report);
    expect(day.supplement).toMatchObject({ shifts: [{ shift: "late" }], totals: [KES(102 + 103 + 104)] });
    expect(await close({ actor: "somebody else" })).toEqual(day);
  });

  it("has one report when it is closed by several people at once, while tills send", async () => {
    first.open("morning");
    first.addSales(2, "m");
    first.close();
    await send(first);
    second.open("late", DAY);
    second.addSales(50, "late");
    second.close();
    // Whoever is quick enough closes the day without the late shift; whoever looks while that one is being stored is refused.
    await Promise.allSettled([close({ actor: "one" }), close({ actor: "other" }), send(second)]);
    const [one, other] = await Promise.all([close({ actor: "one" }), close({ actor: "other" })]);
    expect(one.report).toEqual(other.report);
    const { report, supplement } = await read();
    expect([...report.shifts, ...supplement.shifts].map(({ shift }) => shift)).toEqual(["morning", "late"]);
  });
});
