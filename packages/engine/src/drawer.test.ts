import { parseBody } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { cash, drawer, MILK, manifest } from "./testing/drawer.ts";
import { codeAndField } from "./testing/refusal.ts";
import { openTill, sale } from "./testing/till.ts";
import type { CashMove, OrderDraft, ShiftClosing } from "./verbs.ts";

const paid = (localId: string, tenders: OrderDraft["tenders"]) => sale(localId, { tenders });

describe("the drawer of a shift", () => {
  it("is float, cash taken less change, and cash moved beside sales; over and short to the minor unit", async () => {
    const till = await drawer();
    till.terminal.closeOrder(
      paid("a", [
        { type: "cash", amountMinor: 20_000 },
        { type: "cash", amountMinor: -8_000 },
      ]),
    );
    till.terminal.closeOrder(paid("b", [{ type: "mpesa", amountMinor: 12_000, reference: "QAB" }]));
    till.terminal.recordCash(MILK);
    till.terminal.recordCash({ localId: "c-2", direction: "in", amountMinor: 700, reason: "deposit back" });
    till.terminal.recordCash({
      localId: "c-3",
      direction: "out",
      type: "Pickup",
      amountMinor: 100_000,
      reason: "to the safe",
    });
    till.terminal.recordTransaction({ localId: "t", type: "note", amountMinor: -3 });
    const counted = [
      { tender: "mpesa", amountMinor: 12_000 },
      { tender: "cash", amountMinor: 410_699 },
    ];
    const { report } = till.terminal.closeShift({ localId: "s-1", counted });
    const expected = [cash(500_000 + 12_000 - 2_000 + 700 - 100_000), { ...cash(12_000), tender: "mpesa" }];
    expect(report).toMatchObject({
      openingFloatMinor: 500_000,
      currency: "KES",
      totals: [cash(12_000 - 101_300), { ...cash(12_000), tender: "mpesa" }, { ...cash(-3), tender: "none" }],
      cashMoves: [{ currency: "KES", inMinor: 700, outMinor: 102_000 }],
      expected,
      counted: [cash(410_699), { ...cash(12_000), tender: "mpesa" }],
      overShort: [cash(-1), { ...cash(0), tender: "mpesa" }],
      receipts: [{ first: "T01-20260116-00001", last: "T01-20260116-00002", count: 2 }],
    });
    expect(manifest(till)).toMatchObject({ openingFloat: { currency: "KES", amountMinor: 500_000 }, expected });
  });

  it("says nothing of a tender that was not counted, and of one nobody expected all of it", async () => {
    const till = await drawer();
    till.terminal.closeOrder(paid("a", [{ type: "card", amountMinor: 12_000 }]));
    const counted = [
      { tender: "cash", amountMinor: 500_000 },
      { tender: "cash", currency: "USD", amountMinor: 500 },
    ];
    const { overShort } = till.terminal.closeShift({ counted }).report;
    expect(overShort).toEqual([cash(0), cash(500, "USD")]);
  });

  it("is there to be closed without a count: then nothing is over or short", async () => {
    const till = await drawer();
    till.terminal.closeShift({ counted: [] });
    expect(manifest(till)).toMatchObject({ expected: [cash(500_000)], openOrders: 0 });
    expect(manifest(till)).not.toHaveProperty("counted");
    expect(manifest(till)).not.toHaveProperty("overShort");
  });

  it("can be closed whatever was sold: with a thousand kinds of vouchers, and with money beyond counting", async () => {
    const till = await drawer();
    const most = Number.MAX_SAFE_INTEGER;
    till.terminal.transaction((tx) => {
      for (let at = 0; at < 1_100; at++)
        tx.recordTransaction({ localId: `v-${at}`, type: "sale", amountMinor: 1, tender: `voucher-${at}` });
      for (const localId of ["x", "y"])
        tx.recordTransaction({ localId, type: "sale", amountMinor: most, tender: "gold" });
    });
    const { report } = till.terminal.closeShift({ counted: [{ tender: "gold", amountMinor: -most }] });
    expect(report.totals).toHaveLength(1000);
    expect(report.totals.find(({ tender }) => tender === "other")).toMatchObject({ amountMinor: 102 });
    expect(report.overShort).toEqual([{ ...cash(-most), tender: "gold" }]);
  });

  it.each<[string, ShiftClosing, string]>([
    ["half a cent", { counted: [{ tender: "cash", amountMinor: 0.5 }] }, "counted.0.amountMinor"],
    ["no tender", { counted: [{ tender: "", amountMinor: 1 }] }, "counted.0.tender"],
    ["an odd currency", { counted: [{ tender: "cash", currency: "kes", amountMinor: 1 }] }, "counted.0.currency"],
    [
      "a tender twice, once with the till's currency said",
      { counted: [{ tender: "cash", amountMinor: 1 }, cash(2)] },
      "counted.1",
    ],
    ["an odd time", { occurredAt: "evening" }, "occurredAt"],
    ["no operator", { operator: "" }, "operator"],
  ])("is not closed with %s, and the shift stays open", async (_what, closing, field) => {
    const till = await drawer();
    expect(codeAndField(() => till.terminal.closeShift(closing))).toEqual({ code: "INVALID_INPUT", field });
    expect(till.terminal.shift()?.localId).toBe("s-1");
    expect(till.terminal.status().headSeq).toBe(1);
  });
});

describe("cash in and out", () => {
  it("is a transaction in ARTS's words, recorded once however often it is asked for", async () => {
    const till = await drawer();
    const first = till.terminal.recordCash(MILK);
    expect(till.terminal.recordCash(MILK)).toEqual({ ...first, duplicate: true });
    const row = till.store.read.get<{ body: string }>("SELECT body FROM journal WHERE local_id = 'c-1'");
    expect(parseBody(row?.body ?? "")).toMatchObject({
      kind: "transaction.recorded",
      shiftId: "s-1",
      payload: { type: "PaidOut", tender: "cash", amountMinor: -2_000, reason: "milk", operator: "Amina" },
    });
    expect(codeAndField(() => till.terminal.recordCash({ ...MILK, amountMinor: 1 }))).toEqual({
      code: "LOCAL_ID_TAKEN",
      field: "localId",
    });
  });

  it.each<[string, Partial<CashMove>, string]>([
    ["a negative amount", { amountMinor: -1 }, "amountMinor"],
    ["nothing", { amountMinor: 0 }, "amountMinor"],
    ["half a cent", { amountMinor: 0.5 }, "amountMinor"],
    ["no direction", { direction: "up" as "in" }, "direction"],
    ["a type that goes the other way", { type: "PaidIn" }, "type"],
    ["another type", { type: "toString" as "PaidOut" }, "type"],
    ["no reason", { reason: " " }, "reason"],
    ["an odd currency", { currency: "shilling" }, "currency"],
  ])("is refused with %s", async (_what, over, field) => {
    const till = await drawer();
    expect(codeAndField(() => till.terminal.recordCash({ ...MILK, ...over }))).toEqual({
      code: "INVALID_INPUT",
      field,
    });
    expect(till.terminal.status().headSeq).toBe(1);
  });

  it("of a sale recorded without an order is no cash move, though it is in the drawer", async () => {
    const till = await drawer();
    till.terminal.recordTransaction({ localId: "t", type: "Sale", amountMinor: 600, tender: "cash" });
    till.terminal.recordTransaction({ localId: "u", type: "PaidOut", amountMinor: -5, tender: "card" });
    expect(till.terminal.shiftReport()).toMatchObject({
      cashMoves: [],
      expected: [{ ...cash(-5), tender: "card" }, cash(500_600)],
    });
  });
});

describe("the X report", () => {
  it("is what the closing would say, changes nothing, and is null without a shift", async () => {
    const till = await drawer();
    for (let at = 0; at < 7; at++) {
      till.terminal.closeOrder(sale(`a-${at}`));
      till.terminal.recordCash({ ...MILK, localId: `m-${at}` });
      till.terminal.shiftReport();
    }
    till.terminal.editOrder({ localId: "open" });
    const head = till.terminal.status().headSeq;
    const x = till.terminal.shiftReport();
    expect(till.terminal.status().headSeq).toBe(head);
    expect(till.terminal.closeShift({}).report).toEqual(x);
    expect(x?.openOrders).toBe(1);
    expect(till.terminal.shiftReport()).toBeNull();
  });

  it("reads only what came since it was asked last", async () => {
    const till = await drawer();
    for (let at = 0; at < 50; at++) till.terminal.closeOrder(sale(`a-${at}`));
    const { read } = till.store;
    let rows = 0;
    const all = read.all.bind(read);
    read.all = ((sql: string, ...params: never[]) => {
      const found = all(sql, ...params);
      if (sql.includes("FROM journal WHERE position >=")) rows += found.length;
      return found;
    }) as typeof read.all;
    till.terminal.shiftReport();
    expect(rows).toBe(51);
    till.terminal.closeOrder(sale("more"));
    const { totals } = till.terminal.shiftReport() ?? {};
    expect({ rows, totals }).toEqual({ rows: 52, totals: [cash(51 * 12_000)] });
    till.terminal.closeShift({});
    expect(rows).toBe(52 + 52);
  });

  it("has nothing of a transaction that is not committed, and is not misled by one that is undone", async () => {
    const till = await drawer();
    const undone = () =>
      till.terminal.transaction((tx) => {
        tx.closeOrder(sale("a"));
        till.terminal.shiftReport();
        throw new Error("the customer left");
      });
    expect(undone).toThrow("the customer left");
    till.terminal.recordCash(MILK);
    expect(till.terminal.shiftReport()).toMatchObject({ changes: 2, totals: [cash(-2_000)] });
  });

  it("leaves a damaged sale out, and has it again once it is repaired", async () => {
    const till = await drawer();
    till.terminal.closeOrder(sale("a"));
    const good = till.terminal.shiftReport();
    const body = till.store.read.get<{ body: string }>("SELECT body FROM journal WHERE local_id = 'a'")?.body ?? "";
    await till.restart();
    till.tamper("UPDATE journal SET body = 'x' WHERE local_id = 'a'");
    expect(till.terminal.shiftReport()).toMatchObject({ changes: 2, totals: [] });
    till.tamper("UPDATE journal SET body = ? WHERE local_id = 'a'", body);
    expect(till.terminal.shiftReport()).toEqual(good);
  });
});

it("openTill's own shift has no float, and its report says so", async () => {
  const till = await openTill();
  expect(till.terminal.shiftReport()).toMatchObject({ openingFloatMinor: null, currency: null, expected: [] });
});
