import { parseBody } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { codeAndField, refusalOf } from "./testing/refusal.ts";
import { openTill, type Till } from "./testing/till.ts";

let till: Till;

beforeEach(async () => {
  till = await openTill();
});

const bodyOf = (localId: string) =>
  parseBody(till.store.read.get<{ body: string }>("SELECT body FROM journal WHERE local_id = ?", localId)?.body ?? "");
const head = () => till.terminal.status().headSeq;

describe("a transaction", () => {
  const payout = {
    localId: "t-1",
    type: "payout",
    amountMinor: -500,
    tender: "cash",
    operator: "Amina",
    reason: "milk",
  };

  it("is recorded once, as the centre can read it", () => {
    const first = till.terminal.recordTransaction({ ...payout, private: { name: "Otieno" } });
    expect(first).toMatchObject({ kind: "transaction.recorded", version: 1, totalMinor: -500, duplicate: false });
    expect(first).not.toHaveProperty("receiptNumber");
    const { localId: _, ...said } = payout;
    expect(bodyOf("t-1")).toMatchObject({
      shiftId: "shift-1",
      businessDate: "2026-01-16",
      payload: { ...said, currency: "KES" },
    });
    expect(till.terminal.recordTransaction(payout)).toEqual({ ...first, duplicate: true });
  });

  it("carries its stock when it is a sale without an order (001)", () => {
    till.terminal.recordTransaction({
      localId: "t-1",
      type: "sale",
      amountMinor: 12_000,
      item: "bread",
      quantity: "2",
      unitPrice: "60.00",
      stockDelta: "-2",
    });
    expect(bodyOf("t-1").payload).toMatchObject({ item: "bread", stockDelta: "-2" });
  });

  it("with another content under the same id is refused", () => {
    till.terminal.recordTransaction(payout);
    expect(codeAndField(() => till.terminal.recordTransaction({ ...payout, amountMinor: -501 }))).toEqual({
      code: "LOCAL_ID_TAKEN",
      field: "localId",
    });
    expect(codeAndField(() => till.terminal.recordTransaction({ ...payout, localId: "shift-1" }))).toEqual({
      code: "LOCAL_ID_TAKEN",
      field: "localId",
    });
  });

  it.each([
    ["no type", { type: "" }, "type"],
    ["a float", { amountMinor: 0.5 }, "amountMinor"],
    ["a float as stock", { stockDelta: "1e3" }, "stockDelta"],
    ["a localId with a slash", { localId: "a/b" }, "localId"],
    ["a time that is none", { occurredAt: "now" }, "occurredAt"],
    ["another currency than there is", { currency: "Shilling" }, "currency"],
  ])("with %s is refused", (_what, over, field) => {
    const before = head();
    expect(codeAndField(() => till.terminal.recordTransaction({ ...payout, ...over }))).toEqual({
      code: "INVALID_INPUT",
      field,
    });
    expect(head()).toBe(before);
  });

  it("needs a shift", () => {
    till.terminal.closeShift({});
    expect(refusalOf(() => till.terminal.recordTransaction(payout)).code).toBe("SHIFT_NOT_OPEN");
  });
});

describe("a stock movement", () => {
  const waste = {
    localId: "i-1",
    item: "flour",
    delta: "-12.500",
    type: "waste",
    previousStock: "100",
    newStock: "87.500",
  };

  it("is recorded once, as the centre can read it", () => {
    const first = till.terminal.recordInventory(waste);
    expect(first).toMatchObject({ kind: "inventory.updated", version: 1, duplicate: false });
    const { localId: _, ...said } = waste;
    expect(bodyOf("i-1")).toMatchObject({ shiftId: "shift-1", payload: said });
    expect(till.terminal.recordInventory(waste)).toEqual({ ...first, duplicate: true });
  });

  it("may happen outside a shift; it then counts for the calendar day where the store is", async () => {
    till.terminal.closeShift({});
    await till.restart({ timeZone: "Africa/Nairobi" });
    till.terminal.recordInventory({ ...waste, occurredAt: "2026-01-16T21:30:00.000Z" });
    expect(bodyOf("i-1")).toMatchObject({ businessDate: "2026-01-17" });
    expect(bodyOf("i-1")).not.toHaveProperty("shiftId");
  });

  it.each([
    ["a number for a delta", { delta: "-12,5" }, "delta"],
    ["no item", { item: "" }, "item"],
    ["a localId that is too long", { localId: "x".repeat(65) }, "localId"],
    ["a time that is none", { occurredAt: "2026-13-01T00:00:00.000Z" }, "occurredAt"],
  ])("with %s is refused", (_what, over, field) => {
    expect(codeAndField(() => till.terminal.recordInventory({ ...waste, ...over }))).toEqual({
      code: "INVALID_INPUT",
      field,
    });
  });

  it("with another content under the same id is refused", () => {
    till.terminal.recordInventory(waste);
    expect(codeAndField(() => till.terminal.recordInventory({ ...waste, delta: "-1" }))).toEqual({
      code: "LOCAL_ID_TAKEN",
      field: "localId",
    });
  });
});

describe("the clock of the machine", () => {
  it.each([
    ["1970", -Date.UTC(2026, 0, 16, 8)],
    ["2038", Date.UTC(2038, 0, 19, 3, 14, 8) - Date.UTC(2026, 0, 16, 8)],
    ["the year 10000", Date.UTC(10_000, 0, 1) - Date.UTC(2026, 0, 16, 8)],
    ["before 1970", -Date.UTC(2030, 0, 1)],
  ])("at %s neither stops a sale nor writes what the centre cannot read (I23)", (_when, byMs) => {
    till.clock.jump(byMs);
    till.terminal.recordTransaction({ localId: "t-1", type: "payout", amountMinor: 1 });
    expect(bodyOf("t-1").businessDate).toBe("2026-01-16");
    till.terminal.closeShift({});
    till.terminal.openShift({ localId: "s-2", operator: "Amina" });
    expect(bodyOf("s-2").kind).toBe("shift.opened");
  });
});
