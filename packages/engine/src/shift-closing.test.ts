import { parseBody, SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { cash, drawer, MILK, manifest } from "./testing/drawer.ts";
import { loseAnswer, unreachable } from "./testing/fake-centre.ts";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { sale, Till } from "./testing/till.ts";
import type { ShiftClosing } from "./verbs.ts";

describe("a closing that is sent again", () => {
  const counted = [{ tender: "cash", amountMinor: 512_000 }];
  const closing: ShiftClosing = { localId: "s-1", operator: "Amina", counted };

  it("because its answer was lost is answered as before: also after a restart, and with the next shift open", async () => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    const first = till.terminal.closeShift(closing);
    expect(first.duplicate).toBe(false);
    const again = { ...first, duplicate: true };
    expect(till.terminal.closeShift(closing)).toEqual(again);
    await till.restart();
    expect(till.terminal.closeShift({ ...closing, counted: [cash(512_000)] })).toEqual(again);
    till.terminal.openShift({ localId: "s-2", operator: "Otieno" });
    expect(till.terminal.closeShift(closing)).toEqual(again);
    expect(till.terminal.shift()?.localId).toBe("s-2");
    expect(till.terminal.status().headSeq).toBe(4);
  });

  it.each<[string, Partial<ShiftClosing>]>([
    ["another count", { counted: [{ tender: "cash", amountMinor: 512_001 }] }],
    ["no count", { counted: undefined }],
    ["another operator", { operator: "Otieno" }],
  ])("with %s is refused: the first stands", async (_what, over) => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeShift(closing);
    const before = manifest(till);
    expect(codeAndField(() => till.terminal.closeShift({ ...closing, ...over }))).toEqual({
      code: "SHIFT_ALREADY_CLOSED",
      field: "localId",
    });
    expect(manifest(till)).toEqual(before);
  });

  it("names a shift that is not the open one: that one is not closed in its place", async () => {
    const till = await drawer();
    const refusal = refusalOf(() => till.terminal.closeShift({ localId: "s-0" }));
    expect({ code: refusal.code, ...refusal.details }).toMatchObject({ code: "SHIFT_NOT_OPEN", shift: "s-1" });
    expect(till.terminal.shift()?.localId).toBe("s-1");
  });

  it("in the transaction of the POS is answered like any other", async () => {
    const till = await drawer();
    const [first, second] = till.terminal.transaction((tx) => [tx.closeShift(closing), tx.closeShift(closing)]);
    expect(second).toEqual({ ...first, duplicate: true });
  });
});

describe("an opening that is sent again", () => {
  it("alike is the same shift, otherwise it is refused", async () => {
    const till = await drawer();
    const opening = { localId: "s-1", operator: "Amina", openingFloatMinor: 500_000 };
    expect(till.terminal.openShift(opening)).toEqual(till.terminal.shift());
    expect(till.terminal.openShift({ ...opening, businessDate: "2026-01-16" })).toEqual(till.terminal.shift());
    const others = [{ operator: "Otieno" }, { openingFloatMinor: 1 }, { openingFloatMinor: undefined }];
    for (const over of [...others, { businessDate: "2026-01-17" }]) {
      const code = "LOCAL_ID_TAKEN";
      expect(codeAndField(() => till.terminal.openShift({ ...opening, ...over }))).toEqual({ code, field: "localId" });
    }
    expect(till.terminal.status().headSeq).toBe(1);
  });
});

describe("the wrong order of acts", () => {
  const acts: Readonly<Record<string, (till: Till) => unknown>> = {
    "a sale": (till) => till.terminal.closeOrder(sale("x")),
    "an open order": (till) => till.terminal.editOrder({ localId: "y" }),
    "a transaction": (till) => till.terminal.recordTransaction({ localId: "t", type: "payout", amountMinor: 1 }),
    "cash out": (till) => till.terminal.recordCash(MILK),
    "a closing": (till) => till.terminal.closeShift({}),
    "a closing by name": (till) => till.terminal.closeShift({ localId: "s-9" }),
  };
  it.each(Object.entries(acts))("%s without an open shift is refused, and nothing is written", async (_what, act) => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeShift({});
    const before = till.terminal.status();
    expect(refusalOf(() => act(till)).code).toBe("SHIFT_NOT_OPEN");
    expect(till.terminal.status()).toEqual(before);
    till.terminal.openShift({ localId: "s-2", operator: "Otieno" });
    expect(till.terminal.order("a")?.state).toBe("closed");
  });

  it("leaves what was undone undone: a shift that was closed in a transaction that failed is open", async () => {
    const till = await drawer();
    const failing = () =>
      till.terminal.transaction((tx) => {
        tx.closeShift({});
        throw new SyncError("INTERNAL", "The POS failed.");
      });
    expect(failing).toThrow("The POS failed.");
    till.terminal.closeOrder(sale("a"));
    expect(till.terminal.closeShift({}).report.changes).toBe(2);
  });
});

describe("faults that shops met elsewhere (field survey 2.7)", () => {
  it("POSpire PR #41: the closing of a shift that was closed offline is whole, and arrives so", async () => {
    const till = await drawer();
    till.centre.always = unreachable;
    for (const id of ["a", "b", "c"]) till.terminal.closeOrder(sale(id));
    till.terminal.recordCash(MILK);
    const { report } = till.terminal.closeShift({ counted: [{ tender: "cash", amountMinor: 534_000 }] });
    expect(report).toMatchObject({ changes: 5, totals: [cash(34_000)], overShort: [cash(0)] });
    till.centre.always = (_request, honest) => honest();
    await till.clock.advance(6 * 60_000);
    const stored = till.centre.stored(till.terminal.status().incarnation);
    expect(parseBody(stored.at(-1)?.body ?? "").payload).toEqual(manifest(till));
    expect(stored).toHaveLength(till.terminal.status().headSeq);
  });

  it("POSpire PR #41: closing is idempotent, whether the answer of the till or of head office was lost", async () => {
    const till = await drawer();
    till.centre.next.push(loseAnswer, loseAnswer, loseAnswer);
    const first = till.terminal.closeShift({ localId: "s-1" });
    await till.clock.advance(60_000);
    expect(till.terminal.closeShift({ localId: "s-1" })).toEqual({ ...first, duplicate: true });
    const stored = till.centre.stored(till.terminal.status().incarnation).map(({ body }) => parseBody(body).kind);
    expect(stored).toEqual(["shift.opened", "shift.closed"]);
  });

  it("POSpire PR #41: a shift opened offline is not wiped by a head office that knows of none", async () => {
    const till = new Till();
    till.centre.always = unreachable;
    till.start();
    till.terminal.openShift({ localId: "s-1", operator: "Amina", businessDate: "2026-01-16" });
    till.terminal.closeOrder(sale("a"));
    // It answers at last, with nothing of this till in it: another database, an empty one.
    till.centre.answer = { serverEpoch: "0190a5da-0000-774b-8cce-000000000002", cursor: "c-new", entries: [] };
    till.centre.always = (_request, honest) => honest();
    await till.clock.advance(6 * 60_000);
    till.centre.restore(till.terminal.status().incarnation, 0);
    till.terminal.closeOrder(sale("b"));
    await till.clock.advance(6 * 60_000);
    await till.restart();
    expect(till.terminal.shift()).toMatchObject({ localId: "s-1", closedAt: null });
    expect(till.terminal.closeShift({}).report).toMatchObject({ changes: 3, totals: [cash(24_000)] });
  });

  it("POSpire PR #41: neither the zone of the machine nor that of the store moves an open shift or its times", async () => {
    const till = new Till({ timeZone: "Africa/Nairobi" });
    till.start();
    till.clock.jump(15 * 3_600_000); // 23:00 UTC is 2 o'clock on the 17th in Nairobi
    const opened = till.terminal.openShift({ localId: "s-1", operator: "Amina" });
    expect(opened).toMatchObject({ businessDate: "2026-01-17", openedAt: "2026-01-16T23:00:00.000Z" });
    await till.restart({ timeZone: "America/Los_Angeles" });
    expect(till.terminal.shift()).toEqual(opened);
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toBe("T01-20260117-00001");
    expect(till.terminal.closeShift({})).toMatchObject({
      ...opened,
      closedAt: "2026-01-16T23:00:00.000Z",
      closeSeq: 3,
    });
  });

  it("odoo #16151, #15952: open orders do not vanish when the shift closes; they are paid in the next one", async () => {
    const till = await drawer();
    till.terminal.editOrder({ localId: "table-4", add: [{ item: "tea", quantity: "2", unitPrice: "50" }] });
    till.terminal.editOrder({ localId: "table-5", add: [{ item: "tea", quantity: "1", unitPrice: "50" }] });
    expect(till.terminal.closeShift({}).report).toMatchObject({ openOrders: 2, totals: [] });
    await till.restart();
    const open = () => till.terminal.openOrders().map(({ localId, totalMinor }) => `${localId} ${totalMinor}`);
    expect(open()).toEqual(["table-4 10000", "table-5 5000"]);
    till.terminal.openShift({ localId: "s-2", operator: "Otieno", businessDate: "2026-01-17" });
    const tenders = [{ type: "cash", amountMinor: 10_000 }];
    expect(till.terminal.payOrder({ localId: "table-4", tenders }).receiptNumber).toBe("T01-20260117-00001");
    expect(open()).toEqual(["table-5 5000"]);
    expect(till.terminal.closeShift({}).report).toMatchObject({ openOrders: 1, totals: [cash(10_000)] });
  });
});

describe("the list of shifts", () => {
  it("has them newest first with their money, whatever the clock says, and as many as asked for", async () => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeShift({ counted: [{ tender: "cash", amountMinor: 512_005 }] });
    till.clock.jump(-10 * 365 * 86_400_000);
    till.terminal.openShift({ localId: "s-2", operator: "Otieno", businessDate: "2026-01-17" });
    till.terminal.closeOrder(sale("b"));
    const settlement = { at: null, exceptions: 0, differences: 0 };
    const [second, first] = till.terminal.shifts();
    expect(first).toEqual({
      localId: "s-1",
      operator: "Amina",
      businessDate: "2026-01-16",
      openedAt: "2026-01-16T08:00:00.000Z",
      closedAt: "2026-01-16T08:00:00.000Z",
      changes: 2,
      totals: [cash(12_000)],
      openingFloatMinor: 500_000,
      counted: [cash(512_005)],
      overShort: [cash(5)],
      settlement: { state: "waiting", ...settlement },
    });
    expect(second).toMatchObject({
      localId: "s-2",
      closedAt: null,
      totals: [cash(12_000)],
      counted: [],
      overShort: [],
    });
    expect(second?.settlement).toEqual({ state: "open", ...settlement });
    expect(till.terminal.shifts(1).map(({ localId }) => localId)).toEqual(["s-2"]);
  });

  it("adds a shift up again whose closing was damaged on the disk", async () => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeShift({ counted: [{ tender: "cash", amountMinor: 1 }] });
    till.tamper("UPDATE journal SET body = substr(body, 1, 30) WHERE kind = 'shift.closed'");
    expect(till.terminal.shifts()).toMatchObject([{ localId: "s-1", changes: 2, totals: [cash(12_000)], counted: [] }]);
  });
});

describe("a shift in a database that was put back", () => {
  it("says what each life holds of it, and counts the drawer of all that is there", async () => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    // The witness has seen a sale that this database does not have.
    const { incarnation } = till.terminal.status();
    await till.terminal.close(0);
    till.witness.write({ incarnation, seq: 3, hash: "ab".repeat(32) });
    till.start();
    till.terminal.closeOrder(sale("b"));
    till.terminal.recordCash(MILK);
    expect(till.terminal.shift()).toMatchObject({ localId: "s-1", openSeq: 1 });
    const x = till.terminal.shiftReport();
    const { report } = till.terminal.closeShift({ counted: [{ tender: "cash", amountMinor: 522_000 }] });
    expect({ ...report, counted: [], overShort: [] }).toEqual(x);
    expect(report).toMatchObject({
      changes: 5,
      totals: [cash(22_000)],
      openingFloatMinor: 500_000,
      expected: [cash(522_000)],
      overShort: [cash(0)],
      parts: [
        {
          incarnation,
          openSeq: 1,
          closeSeq: 2,
          counts: { "shift.opened": 1, "order.closed": 1 },
          totals: [cash(12_000)],
        },
        { openSeq: 1, closeSeq: 3, totals: [cash(10_000)] },
      ],
    });
    expect(report.receipts.map(({ first, count }) => [first?.replace(/R.../, "R"), count])).toEqual([
      ["T01-20260116-00001", 1],
      ["T01R-20260116-00001", 1],
    ]);
    const { openSeq, closeSeq, counts, totals, earlier } = manifest(till);
    expect({ openSeq, closeSeq, counts, totals }).toEqual({
      openSeq: 1,
      closeSeq: 3,
      counts: { "terminal.reborn": 1, "order.closed": 1, "transaction.recorded": 1 },
      totals: [cash(10_000)],
    });
    expect(earlier).toMatchObject([{ incarnation, openSeq: 1, closeSeq: 2, totals: [cash(12_000)] }]);
  });
});
