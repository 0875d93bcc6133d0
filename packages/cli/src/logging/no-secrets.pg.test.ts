import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { enroll, startServer } from "@tillsync/server";
import { migratedDatabase } from "@tillsync/server/testing";
import { startTerminalHttp } from "@tillsync/terminal";
import { expect, it } from "vitest";
import { KEYS, type Values } from "../config/keys.ts";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { temporaryFolder } from "../import/testing/temporary-file.ts";
import { openLog } from "./open-log.ts";

const DETAILED = {
  ...Object.fromEntries(Object.entries(KEYS).map(([key, setting]) => [key, setting.default])),
  "Sync.EnableDetailedLogging": true,
} as unknown as Values;

/** What must be in no log, each of its own kind. */
const MARKS = {
  phone: "0722-MARK-1",
  customer: "Wanjiku-MARK-2",
  item: "Bread-MARK-3",
  operator: "Amina-MARK-4",
  label: "Table-MARK-5",
  reason: "Broken-MARK-6",
  localKey: "local-key-MARK-7-0123456789",
  amount: "770077",
  wrongKey: "tsk_MARK8aaaaaaaaaaaaaaaaaaaaaaaa",
} as const;

const sale = (localId: string, over: object = {}) => ({
  localId,
  operator: MARKS.operator,
  lines: [{ item: MARKS.item, description: MARKS.item, quantity: "1", unitPrice: "7700.77" }],
  tenders: [{ type: "cash", amountMinor: 770_077 }],
  private: { phone: MARKS.phone, name: MARKS.customer },
  ...over,
});

it("neither till nor server writes payloads, keys, names or phone numbers into its log, at level debug", async () => {
  const folder = await temporaryFolder();
  const database = await migratedDatabase();
  const serverLog = await openLog("server", folder, DETAILED);
  const server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log: serverLog.log });
  const store = { org: "demo", store: "S1", currency: "KES" };
  const terminalId = "0190a5da-c967-774b-8cce-b302099a8057";
  const till = { id: terminalId, shortId: "T01" };
  const { key } = await enroll(server.pool, { ...store, role: "terminal", name: "till", terminal: till }, Date.now());
  const foreign = await enroll(server.pool, { ...store, role: "foreign", name: "any POS" }, Date.now());
  const link = await FaultProxy.open({ target: { port: Number(new URL(server.url).port) } });
  const terminal = openTerminal({
    file: join(folder, "till.db"),
    terminal: terminalId,
    shortId: "T01",
    store: "S1",
    currency: "KES",
    central: { url: link.url, key },
  });
  const tillLog = await openLog("terminal", folder, DETAILED);
  const http = await startTerminalHttp({ terminal, port: 0, log: tillLog.log, key: MARKS.localKey });
  await useTheTill(http.url, terminal, link);
  await useTheServer(server.url, foreign.key);
  await http.close();
  await terminal.close();
  await link.close();
  await server.close();
  await database.drop();
  await serverLog.close();
  await tillLog.close();

  const logs = join(folder, "logs");
  const text = readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), "utf8"))
    .join("");
  // It did say what it should: every attempt under its id, refusals, failures.
  for (const word of ['"msg":"sent"', '"msg":"attempt failed; it is tried again"', '"msg":"exchange"', "correlationId"])
    expect(text).toContain(word);
  expect(text).toContain('"msg":"request refused"');
  const found = Object.entries({ ...MARKS, key, foreignKey: foreign.key }).filter(([, mark]) => text.includes(mark));
  expect(found).toEqual([]);
  expect(text).not.toMatch(/MARK/);
});

/** Sells, is refused, fails on the way, and sells on. */
async function useTheTill(url: string, terminal: Terminal, link: FaultProxy): Promise<void> {
  const post = (path: string, body: unknown, key: string = MARKS.localKey) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  expect((await post("/api/shifts/open", { operator: MARKS.operator })).status).toBe(201);
  expect((await post("/api/shifts/open", { operator: MARKS.customer, localId: "other" })).status).toBe(409);
  expect((await post("/api/orders", sale("a"))).status).toBe(201);
  expect((await post("/api/orders", sale("a", { operator: MARKS.customer }))).status).toBe(409);
  expect((await post("/api/orders", sale("b", { phone: MARKS.phone }))).status).toBe(400);
  expect((await post("/api/orders", `{"localId":"c","private":{"phone":"${MARKS.phone}`)).status).toBe(400);
  expect((await post("/api/orders", sale("c"), MARKS.wrongKey)).status).toBe(401);
  await terminal.syncNow();
  link.cut();
  expect((await post("/api/orders", sale("d"))).status).toBe(201);
  expect((await terminal.syncNow()).left).toBeGreaterThan(0);
  link.heal();
  await post("/api/orders/table/hold", { add: [sale("x").lines[0]], label: MARKS.label });
  await post("/api/orders/table/void", { reason: MARKS.reason });
  await post("/api/transactions", { localId: "t", type: "payout", amountMinor: -770_077, reason: MARKS.reason });
  expect((await terminal.syncNow()).left).toBe(0);
}

/** A device of another make, a stranger, and bodies that are none. */
async function useTheServer(url: string, key: string): Promise<void> {
  const post = (path: string, body: string, bearer = key) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${bearer}` },
      body,
    });
  const order = {
    localId: "o-1",
    syncVersion: 1,
    deviceId: "device-1",
    order: { customer: MARKS.customer, total: 7700.77 },
  };
  const batch = { deviceId: "device-1", orders: [order], transactions: [], lastSyncTimestamp: 0 };
  expect((await post("/api/sync/batch", JSON.stringify(batch))).status).toBe(200);
  const other = { ...order, order: { ...order.order, phone: MARKS.phone } };
  await post("/api/sync/batch", JSON.stringify({ ...batch, orders: [other, { order: MARKS.customer }] }));
  expect((await post("/api/sync/order", JSON.stringify({ ...order, syncVersion: MARKS.phone }))).status).toBe(400);
  expect((await post("/api/sync/batch", `{"phone":"${MARKS.phone}"`)).status).toBe(400);
  expect((await post("/api/sync/batch", JSON.stringify({ deviceId: { name: MARKS.customer } }))).status).toBe(400);
  expect((await post("/api/sync/batch", "{}", MARKS.wrongKey)).status).toBe(401);
  expect((await fetch(`${url}/${MARKS.phone}?name=${MARKS.customer}`)).status).toBe(404);
  expect((await post("/api/inventory/events", JSON.stringify({ productId: MARKS.item, quantity: "x" }))).status).toBe(
    400,
  );
}
