import type { FastifyInstance } from "fastify";
import { beforeEach, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

async function post(url: string, body?: object) {
  const response = await app.inject({ method: "POST", url, ...(body === undefined ? {} : { payload: body }) });
  return { status: response.statusCode, body: response.json() };
}

const PAYOUT = { localId: "t-1", type: "payout", amountMinor: -50_000, reason: "milk" };
const DELIVERY = { localId: "i-1", item: "bread", delta: "12", type: "delivery" };

it.each([
  ["/api/transactions", PAYOUT, "recordTransaction"],
  ["/api/inventory", DELIVERY, "recordInventory"],
])("%s records once, however often it is sent", async (url, sent, verb) => {
  const first = await post(url, sent);
  expect(first.status).toBe(201);
  expect(first.body).toMatchObject({ localId: sent.localId, seq: 1, duplicate: false });
  const again = await post(url, sent);
  expect(again.status).toBe(200);
  expect(again.body).toEqual({ ...first.body, duplicate: true });
  expect(terminal.asked[0]).toEqual({ verb, input: sent });
});

it.each([
  ["/api/transactions", "amount", { ...PAYOUT, amount: 5 }],
  ["/api/transactions", "amountMinor", { localId: "t-1", type: "payout" }],
  ["/api/transactions", "currency", { ...PAYOUT, currency: "shilling" }],
  ["/api/inventory", "delta", { ...DELIVERY, delta: 12 }],
  ["/api/inventory", "stock", { ...DELIVERY, stock: "12" }],
])("%s refuses a wrong %s by name", async (url, field, sent) => {
  const { status, body } = await post(url, sent);
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: "INVALID_INPUT", field });
});

const SALE = {
  Id: 17,
  StoreId: "STORE001",
  ProductId: "P1",
  TransactionType: "Sale",
  Quantity: 2,
  UnitPrice: 1.5,
  TotalAmount: 3.0,
  Synced: false,
  SyncAttempts: 0,
};
const STOCK = { id: "u-1", storeId: "STORE001", productId: "P1", previousStock: 10, newStock: 8.5, updateType: "Sale" };

it("records requirement 001's fields, one or many, once each, with the delta from the numbers", async () => {
  const first = await post("/api/transactions", SALE);
  expect(first).toMatchObject({ status: 201, body: { localId: "T01:17", duplicate: false } });
  expect(await post("/api/transactions", [SALE, { ...SALE, Id: "a-1" }])).toMatchObject({
    status: 201,
    body: { results: [{ duplicate: true }, { localId: "a-1", duplicate: false }] },
  });
  expect((await post("/api/inventory", STOCK)).status).toBe(201);
  expect((await post("/api/inventory", [STOCK])).status).toBe(200);
  const sale = terminal.asked.find(({ verb }) => verb === "recordTransaction")?.input;
  expect(sale).toMatchObject({
    type: "Sale",
    item: "P1",
    quantity: "2",
    unitPrice: "1.5",
    amountMinor: 300,
    stockDelta: "-2",
  });
  const stock = terminal.asked.find(({ verb }) => verb === "recordInventory")?.input;
  expect(stock).toMatchObject({ delta: "-1.5", previousStock: "10", newStock: "8.5" });
});

it("records what it can of a list, and names what it cannot", async () => {
  const { status, body } = await post("/api/inventory", [STOCK, { ...STOCK, id: "u-2", newStock: "many" }, DELIVERY]);
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: "INVALID_INPUT", field: "[1].newStock" });
  expect(body.results).toMatchObject([{ localId: "u-1" }, { success: false }, { localId: "i-1" }]);
});
