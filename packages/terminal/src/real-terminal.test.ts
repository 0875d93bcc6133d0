import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTerminalHttp, type TerminalHttp } from "./start.ts";
import { type EventReader, readEvents } from "./testing/event-reader.ts";
import { BREAD, sale } from "./testing/samples.ts";

let directory: string;
let terminal: Terminal;
let http: TerminalHttp;
let reader: EventReader | undefined;

/** The real engine on a real disk, with a head office nobody can reach: selling has to work all the same (I32). */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tillsync-terminal-"));
  terminal = openTerminal({
    file: join(directory, "till.db"),
    terminal: "0190a5da-c967-774b-8cce-b302099a8057",
    shortId: "T01",
    store: "STORE001",
    currency: "KES",
    central: { url: `http://127.0.0.1:${await closedPort()}`, key: "nobody-checks-this" },
  });
  http = await startTerminalHttp({ terminal, port: 0 });
});

afterEach(async () => {
  reader?.leave();
  reader = undefined;
  await Promise.all([http.close(), terminal.close(0)]);
  rmSync(directory, { recursive: true, force: true });
});

/** A port nobody listens on. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function call(method: string, path: string, body?: object) {
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(`${http.url}${path}`, { method, ...sent });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function openShift(): Promise<void> {
  expect((await call("POST", "/api/shifts/open", { operator: "Amina", businessDate: "2026-01-16" })).status).toBe(201);
}

describe("a real till without head office", () => {
  it("does not sell before a shift is open", async () => {
    const { status, body } = await call("POST", "/api/orders", sale("order-1"));
    expect(status).toBe(409);
    expect(body.error.code).toBe("SHIFT_NOT_OPEN");
  });

  it("sells, once", async () => {
    await openShift();
    const first = await call("POST", "/api/orders", sale("order-1"));
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      receiptNumber: "T01-20260116-00001",
      totalMinor: 12_000,
      orderSyncStatus: "PENDING",
    });
    const again = await call("POST", "/api/orders", sale("order-1"));
    expect(again.status).toBe(200);
    expect(again.body).toEqual({ ...first.body, duplicate: true });
    const other = await call("POST", "/api/orders", { ...sale("order-1"), operator: "Otieno" });
    expect(other.body.error.code).toBe("LOCAL_ID_TAKEN");
  });

  it("refuses a sale whose tenders do not add up", async () => {
    await openShift();
    const { status, body } = await call("POST", "/api/orders", { ...sale("order-1"), tenders: [] });
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: "TOTALS_MISMATCH", field: "tenders" });
  });

  it("holds, edits and pays an order", async () => {
    await openShift();
    await call("POST", "/api/orders", { localId: "table-4", add: [{ ...BREAD, id: "1" }], label: "Table 4" });
    const held = await call("POST", "/api/orders/table-4/hold", {
      add: [{ ...BREAD, id: "2" }],
      notes: [{ line: "1", text: "toasted" }],
    });
    expect(held.body).toMatchObject({ state: "open", totalMinor: 24_000, version: 2 });
    expect((await call("GET", "/api/orders?state=open")).body.orders).toHaveLength(1);
    const payment = { tenders: [{ type: "mpesa", amountMinor: 24_000, reference: "SFE3X9TRLK" }] };
    const paid = await call("POST", "/api/orders/table-4/pay", payment);
    expect(paid).toMatchObject({ status: 201, body: { state: "closed", totalMinor: 24_000 } });
    expect((await call("POST", "/api/orders/table-4/pay", payment)).status).toBe(200);
    expect((await call("POST", "/api/orders/table-4/hold", { add: [BREAD] })).body.error.code).toBe("ORDER_NOT_OPEN");
  });

  it("takes a closed order back to the cent, taxes and points included", async () => {
    await openShift();
    const taxes = [{ code: "A", rate: "16", baseMinor: 12_000, taxMinor: 1_920, included: false }];
    const tenders = [
      { type: "cash", amountMinor: 20_000 },
      { type: "cash", amountMinor: -6_080 },
    ];
    const sold = await call("POST", "/api/orders", { ...sale("order-1"), taxes, tenders, loyaltyPoints: 12 });
    const sent = { voidLocalId: "void-1", reason: "wrong customer" };
    const voided = await call("POST", "/api/orders/order-1/void", sent);
    expect(voided).toMatchObject({ status: 201, body: { localId: "void-1", totalMinor: -13_920 } });
    expect((await call("POST", "/api/orders/order-1/void", sent)).status).toBe(200);
    const { changes } = (await call("GET", "/api/explain/void-1")).body;
    expect(changes[0].body.payload).toMatchObject({
      documentType: "void",
      loyaltyPoints: -12,
      original: { localId: "order-1", receiptNumber: sold.body.receiptNumber },
    });
    expect((await call("POST", "/api/orders/void-1/void", { voidLocalId: "void-2", reason: "x" })).status).toBe(409);
  });

  it("gives up and deletes open orders, and says so when asked twice", async () => {
    await openShift();
    await call("POST", "/api/orders", { localId: "a", add: [BREAD] });
    await call("POST", "/api/orders", { localId: "b", add: [BREAD] });
    expect((await call("POST", "/api/orders/a/void", { reason: "left" })).body.state).toBe("voided");
    expect((await call("POST", "/api/orders/a/void", { reason: "left" })).status).toBe(200);
    expect((await call("DELETE", "/api/orders/b", { reason: "mistake" })).body.state).toBe("deleted");
    expect((await call("DELETE", "/api/orders/b", { reason: "mistake" })).body.duplicate).toBe(true);
  });

  it("records transactions, stock and shifts", async () => {
    await openShift();
    const payout = { localId: "t-1", type: "payout", amountMinor: -50_000, private: { phone: "+254700000000" } };
    expect((await call("POST", "/api/transactions", payout)).status).toBe(201);
    expect((await call("POST", "/api/transactions", payout)).status).toBe(200);
    expect(
      (await call("POST", "/api/inventory", { localId: "i-1", item: "bread", delta: "-0.5", type: "waste" })).status,
    ).toBe(201);
    expect((await call("GET", "/api/shifts/current")).body.shift.operator).toBe("Amina");
    expect((await call("POST", "/api/shifts/close")).body.shift.closedAt).not.toBeNull();
    expect((await call("GET", "/api/shifts/current")).body.shift).toBeNull();
  });

  it("counts the drawer: float, sales, milk paid out, and what is short", async () => {
    await call("POST", "/api/shifts/open", { localId: "s-1", operator: "Amina", openingFloatMinor: 100_000 });
    await call("POST", "/api/orders", sale("a"));
    const milk = { localId: "c-1", direction: "out", amountMinor: 2_000, reason: "milk", operator: "Amina" };
    expect((await call("POST", "/api/shifts/cash", milk)).status).toBe(201);
    const now = await call("GET", "/api/shifts/current");
    const cash = (amountMinor: number) => [{ currency: "KES", tender: "cash", amountMinor }];
    expect(now.body.report).toMatchObject({ totals: cash(10_000), expected: cash(110_000), overShort: [] });
    const counted = [{ tender: "cash", amountMinor: 109_950 }];
    const closed = await call("POST", "/api/shifts/close", { localId: "s-1", counted });
    expect(closed.body.report).toMatchObject({ totals: cash(10_000), counted: cash(109_950), overShort: cash(-50) });
    const again = await call("POST", "/api/shifts/close", { localId: "s-1", counted });
    expect(again.body).toEqual({ ...closed.body, duplicate: true });
    const { shifts } = (await call("GET", "/api/shifts?limit=3")).body;
    expect(shifts).toMatchObject([{ localId: "s-1", overShort: cash(-50), settlement: { state: "waiting" } }]);
  });

  it("says how far everything came, and why no further", async () => {
    await openShift();
    const { body: order } = await call("POST", "/api/orders", sale("order-1"));
    const { status, body } = await call("POST", "/api/sync/now");
    expect(status).toBe(200);
    expect(body).toMatchObject({ sent: 0, left: 2, reason: { code: "UNREACHABLE" } });
    expect((await call("GET", "/api/status")).body).toMatchObject({ pending: 2, headSeq: 2, light: "red" });
    expect((await call("GET", "/health")).body).toMatchObject({ status: "ok", pending: 2 });
    const { body: explained } = await call("GET", `/api/explain/${order.receiptNumber}`);
    expect(explained).toMatchObject({ localId: "order-1" });
    expect(explained.where).toContain("On this till");
    expect((await call("GET", "/page.json")).body.recent[0]).toMatchObject({ localId: "order-1", total: "120.00 KES" });
  });

  it("streams what it records", async () => {
    await openShift();
    reader = await readEvents(`${http.url}/api/events`);
    expect(await reader.next()).toMatchObject({ name: "status", data: { shortId: "T01" } });
    await call("POST", "/api/orders", sale("order-1"));
    for (;;) {
      const event = await reader.next();
      if (event === undefined) throw new Error("The stream ended before the sale was told.");
      if (event.name === "status") continue;
      expect(event).toMatchObject({ name: "recorded", data: { localId: "order-1" } });
      return;
    }
  });
});
