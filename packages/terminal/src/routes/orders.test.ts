import type { FastifyInstance } from "fastify";
import { beforeEach, describe, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { BREAD, sale } from "../testing/samples.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;

beforeEach(() => {
  terminal = new FakeTerminal();
  app = terminalApp({ terminal });
});

async function call(method: "GET" | "POST" | "DELETE", url: string, body?: object) {
  const response = await app.inject({ method, url, ...(body === undefined ? {} : { payload: body }) });
  return { status: response.statusCode, body: response.json() };
}

describe("POST /api/orders", () => {
  it("closes an order that brings tenders and answers what was recorded and where it is", async () => {
    const { status, body } = await call("POST", "/api/orders", sale("order-1"));
    expect(status).toBe(201);
    expect(body).toMatchObject({ localId: "order-1", state: "closed", totalMinor: 12_000, orderSyncStatus: "PENDING" });
    expect(body).toMatchObject({ receiptNumber: "T01-20260116-00001", seq: 1, kind: "order.closed", duplicate: false });
  });

  it("answers 200 and the same receipt when the same order comes again", async () => {
    const first = await call("POST", "/api/orders", sale("order-1"));
    const again = await call("POST", "/api/orders", sale("order-1"));
    expect(again.status).toBe(200);
    expect(again.body).toEqual({ ...first.body, duplicate: true });
  });

  it("opens an order that brings no tenders", async () => {
    const { status, body } = await call("POST", "/api/orders", { localId: "table-4", add: [BREAD], label: "Table 4" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: "open", receiptNumber: null, totalMinor: 12_000 });
    expect(terminal.asked[0]?.verb).toBe("editOrder");
  });

  it.each([
    ["localId", { tenders: [], lines: [] }, "text"],
    ["localId", { ...sale("no spaces please") }, "1 to 64 letters"],
    ["tip", { ...sale("a"), tip: 5 }, "one of"],
    ["lines[0].price", { ...sale("a"), lines: [{ ...BREAD, price: "60" }] }, "unitPrice"],
    ["lines[0].quantity", { ...sale("a"), lines: [{ ...BREAD, quantity: 2 }] }, "text"],
    ["lines[0].quantity", { ...sale("a"), lines: [{ ...BREAD, quantity: "2,5" }] }, "decimal text"],
    ["tenders[0].amountMinor", { ...sale("a"), tenders: [{ type: "cash", amountMinor: 1.5 }] }, "whole number"],
    ["tenders", { ...sale("a"), tenders: "cash" }, "a list"],
    ["documentType", { ...sale("a"), documentType: "gift" }, '"sale" or "return" or "void"'],
    ["occurredAt", { ...sale("a"), occurredAt: "2026-01-16 10:11" }, "a UTC time"],
    ["operator", { ...sale("a"), operator: "" }, "at least 1 characters"],
    ["orderNumber", { ...sale("a"), orderNumber: "9".repeat(65) }, "at most 64 characters"],
    ["lines", { localId: "a", lines: [BREAD] }, "add"],
    ["notes[0].txt", { localId: "a", notes: [{ text: "hot", txt: "x" }] }, "text"],
  ])("refuses a wrong %s, naming it and what belongs there", async (field, sent, expected) => {
    const { status, body } = await call("POST", "/api/orders", sent);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "INVALID_INPUT", field, retryable: false });
    expect(body.error.expected).toContain(expected);
    expect(body.error.message).toContain(field);
    expect(terminal.asked).toEqual([]);
  });

  it("refuses bodies that are no object", async () => {
    const { status, body } = await call("POST", "/api/orders", [sale("a")]);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ field: "(body)", expected: "an object", got: "a list of 1" });
  });

  it("does not repeat long text in a refusal", async () => {
    const { body } = await call("POST", "/api/orders", { ...sale("a"), operator: "Wanjiru ".repeat(100) });
    expect(body.error.got).toBe("text of 800 characters");
  });
});

describe("open orders", () => {
  beforeEach(() => call("POST", "/api/orders", { localId: "table-4", add: [BREAD] }));

  it("are listed", async () => {
    await call("POST", "/api/orders", sale("closed-one"));
    const { status, body } = await call("GET", "/api/orders?state=open");
    expect(status).toBe(200);
    expect(body.orders.map((order: { localId: string }) => order.localId)).toEqual(["table-4"]);
  });

  it("are the only list there is", async () => {
    const { status, body } = await call("GET", "/api/orders?state=closed");
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ field: "state", expected: '"open"' });
  });

  it("take edits, pay once, and answer a repeated payment with the same receipt", async () => {
    const held = await call("POST", "/api/orders/table-4/hold", { add: [BREAD] });
    expect(held.status).toBe(201);
    expect(held.body.totalMinor).toBe(24_000);
    const payment = { tenders: [{ type: "cash", amountMinor: 24_000 }] };
    const paid = await call("POST", "/api/orders/table-4/pay", payment);
    expect(paid.status).toBe(201);
    expect(paid.body).toMatchObject({ state: "closed", totalMinor: 24_000 });
    const again = await call("POST", "/api/orders/table-4/pay", payment);
    expect(again.status).toBe(200);
    expect(again.body.receiptNumber).toBe(paid.body.receiptNumber);
  });

  it("may repeat their id in the body, but not contradict it", async () => {
    expect((await call("POST", "/api/orders/table-4/hold", { localId: "table-4" })).status).toBe(201);
    const { status, body } = await call("POST", "/api/orders/table-4/hold", { localId: "table-5" });
    expect(status).toBe(400);
    expect(body.error.field).toBe("localId");
  });

  it("are given up with a reason", async () => {
    const { status, body } = await call("POST", "/api/orders/table-4/void", { reason: "guests left" });
    expect(status).toBe(201);
    expect(body.state).toBe("voided");
    expect(terminal.asked.find(({ verb }) => verb === "voidOrder")?.input).toEqual({
      localId: "table-4",
      reason: "guests left",
    });
  });

  it("are not given up without one", async () => {
    const { status, body } = await call("POST", "/api/orders/table-4/void");
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ field: "reason", got: "nothing" });
  });

  it.each([
    ["body", "/api/orders/table-4", { reason: "typed twice" }],
    ["query", "/api/orders/table-4?reason=typed%20twice", undefined],
  ])("are deleted with the reason in the %s", async (_where, url, sent) => {
    const { status, body } = await call("DELETE", url, sent);
    expect(status).toBe(200);
    expect(body.state).toBe("deleted");
    expect(terminal.asked.find(({ verb }) => verb === "deleteOrder")?.input).toMatchObject({ reason: "typed twice" });
  });

  it("are not deleted without a reason", async () => {
    expect((await call("DELETE", "/api/orders/table-4")).body.error).toMatchObject({
      code: "INVALID_INPUT",
      field: "reason",
    });
  });
});

describe("closed orders", () => {
  beforeEach(() => call("POST", "/api/orders", sale("order-1")));

  it("are shown with their place on the way", async () => {
    const { status, body } = await call("GET", "/api/orders/order-1");
    expect(status).toBe(200);
    expect(body).toMatchObject({ localId: "order-1", state: "closed", orderSyncStatus: "PENDING" });
  });

  it("are not deleted", async () => {
    const { status, body } = await call("DELETE", "/api/orders/order-1", { reason: "oops" });
    expect(status).toBe(409);
    expect(body.error.code).toBe("ORDER_NOT_OPEN");
  });

  it("are taken back by a document of their own, under a new id", async () => {
    const sent = { voidLocalId: "void-1", reason: "wrong article", operator: "Otieno" };
    const { status, body } = await call("POST", "/api/orders/order-1/void", sent);
    expect(status).toBe(201);
    expect(body).toMatchObject({ localId: "void-1", state: "closed", totalMinor: -12_000 });
    expect((await call("POST", "/api/orders/order-1/void", sent)).status).toBe(200);
    expect((await call("GET", "/api/orders/order-1")).body.state).toBe("closed");
  });

  it.each([undefined, "order-1"])("are not taken back under the id %s", async (voidLocalId) => {
    const { status, body } = await call("POST", "/api/orders/order-1/void", { reason: "wrong", voidLocalId });
    expect(status).toBe(400);
    expect(body.error.field).toBe("voidLocalId");
  });
});

describe("orders nobody knows", () => {
  it.each([
    ["GET", "/api/orders/nobody", undefined],
    ["POST", "/api/orders/nobody/pay", { tenders: [] }],
    ["POST", "/api/orders/nobody/void", { reason: "x" }],
    ["DELETE", "/api/orders/nobody", { reason: "x" }],
  ] as const)("are NOT_FOUND: %s %s", async (method, url, sent) => {
    const { status, body } = await call(method, url, sent);
    expect(status).toBe(404);
    expect(body.error).toMatchObject({ code: "NOT_FOUND", field: "localId" });
  });
});
