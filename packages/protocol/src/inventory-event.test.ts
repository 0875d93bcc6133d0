import { describe, expect, it } from "vitest";
import { readInstant, readInventoryEvent } from "./inventory-event.ts";
import { parseKeepingNumbers } from "./number-text.ts";
import { refusalOf } from "./testing/refusal.ts";

const read = (event: unknown) =>
  readInventoryEvent(parseKeepingNumbers(typeof event === "string" ? event : JSON.stringify(event)), "events[3]");
const SALE = { Id: 17, StoreId: "S1", ProductId: "P1", TransactionType: "Sale", Quantity: 2, UnitPrice: 1.5 };
const STOCK = { id: "u-1", storeId: "S1", productId: "P1", previousStock: 10, newStock: 7.5, updateType: "Count" };

describe("readInventoryEvent", () => {
  it("reads every field of a PosTransaction, in whatever case", () => {
    const text =
      '{"Id":"a-1","storeid":"S1","PRODUCTID":"P1","TransactionType":"Sale","Quantity":2,"UnitPrice":22.995,"TotalAmount":45.99,"Synced":false,"SyncAttempts":0,"LastSyncError":null,"Timestamp":"2026-01-16T10:11:12Z"}';
    expect(read(text)).toEqual({
      entity: "transaction",
      id: "a-1",
      numbered: false,
      storeId: "S1",
      item: "P1",
      type: "Sale",
      quantity: "2",
      unitPrice: "22.995",
      totalAmount: "45.99",
      stockDelta: "-2",
      occurredAt: "2026-01-16T10:11:12.000Z",
    });
  });

  it("reads an InventoryUpdate with the delta from its numbers", () => {
    expect(read(STOCK)).toMatchObject({ entity: "inventory", type: "Count", stockDelta: "-2.5", numbered: false });
    expect(read({ ...STOCK, newStock: null })).toMatchObject({ stockDelta: undefined });
  });

  it.each([
    ["Sale", 3, "-3"],
    ["Sale", -3, "3"],
    ["Return", 3, "3"],
    ["purchase", 3, "3"],
    ["Adjustment", -3, "-3"],
    ["Transfer_Out", 3, "-3"],
    ["Waste", "0.125", "-0.125"],
    ["Unheard of", 3, undefined],
  ])("%s of %s moves the stock by %s", (TransactionType, Quantity, delta) => {
    expect(read({ ...SALE, TransactionType, Quantity }).stockDelta).toBe(delta);
  });

  it("tells an id that is a number, which counts in one database only", () => {
    expect(read(SALE)).toMatchObject({ id: "17", numbered: true });
  });

  it.each([
    ["events[3]", "[]"],
    ["events[3].id", { ...SALE, Id: undefined }],
    ["events[3].id", { ...SALE, Id: "a b" }],
    ["events[3].productId", { ...SALE, ProductId: "" }],
    ["events[3].transactionType", { ...SALE, TransactionType: null }],
    ["events[3].quantity", { ...SALE, Quantity: "two" }],
    ["events[3].quantity", { ...SALE, Quantity: 1e300 }],
    ["events[3].newStock", { ...STOCK, newStock: [] }],
    ["events[3].totalAmount", { ...SALE, TotalAmount: {} }],
    ["events[3].productid", '{"Id":1,"ProductId":"a","productid":"b","transactionType":"Sale"}'],
  ])("refuses a wrong %s by name", (field, event) => {
    expect(refusalOf(() => read(event))).toMatchObject({ code: "INVALID_INPUT", details: { field } });
  });
});

it.each([
  ["1737021072345", "2025-01-16T09:51:12.345Z"],
  ['"2026-01-16T10:11:12"', "2026-01-16T10:11:12.000Z"],
  ['"2026-01-16T10:11:12.3456+03:00"', "2026-01-16T07:11:12.345Z"],
  ['"16.01.2026"', undefined],
  ["-1", undefined],
  ["1e300", undefined],
  ["null", undefined],
])("readInstant(%s) is %s", (text, expected) => {
  expect(readInstant(parseKeepingNumbers(text))).toBe(expected);
});
