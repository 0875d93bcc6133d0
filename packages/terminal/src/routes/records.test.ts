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
  ["/api/shifts/open", "operator", {}],
  ["/api/shifts/open", "businessDate", { operator: "Amina", businessDate: "16.01.2026" }],
  ["/api/shifts/close", "force", { force: true }],
])("%s refuses a wrong %s by name", async (url, field, sent) => {
  const { status, body } = await post(url, sent);
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: "INVALID_INPUT", field });
});

it("opens a shift, shows it, and closes it", async () => {
  const opening = { localId: "s-1", operator: "Amina", businessDate: "2026-01-16" };
  const opened = await post("/api/shifts/open", opening);
  expect(opened.status).toBe(201);
  expect(opened.body.shift).toMatchObject({ localId: "s-1", operator: "Amina", closedAt: null });
  expect((await app.inject("/api/shifts/current")).json()).toEqual(opened.body);
  expect((await post("/api/shifts/open", opening)).status).toBe(200);
  const closed = await post("/api/shifts/close");
  expect(closed.status).toBe(200);
  expect(closed.body.shift.closedAt).not.toBeNull();
  expect((await app.inject("/api/shifts/current")).json()).toEqual({ shift: null });
});

it("passes the engine's refusals on", async () => {
  const { status, body } = await post("/api/shifts/close", {});
  expect(status).toBe(409);
  expect(body.error).toMatchObject({ code: "SHIFT_NOT_OPEN", retryable: false });
});
