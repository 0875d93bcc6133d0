import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inScope } from "../db/scope.ts";
import { type Enrolled, enroll } from "../directory/enroll.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { type TestApp, testApp } from "../testing/test-app.ts";

let database: MigratedDatabase;
let key: Enrolled;
let admin: Enrolled;
let world: TestApp;
let stores = 0;

beforeAll(async () => {
  database = await migratedDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  world = testApp(database.pool);
  const place = { org: "demo", store: `S${++stores}`, currency: "KES" };
  key = await enroll(database.pool, { ...place, role: "foreign", name: "kotlin" }, 0);
  admin = await enroll(database.pool, { ...place, role: "admin", name: "head office" }, 0);
});

const A = "device-abc-123";
const B = "device-b";
const order = (localId: string, total: unknown, syncVersion = 1, deviceId = A) => ({
  order: { id: localId, orderNumber: `ORD-${localId}`, total, items: [{ productId: "bread", quantity: 1 }] },
  localId,
  syncStatus: "PENDING",
  syncVersion,
  deviceId,
});

async function send(method: "GET" | "POST" | "PUT" | "DELETE", url: string, payload?: unknown, who = key) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const answer = await world.app.inject({
    method,
    url,
    headers: {
      authorization: `Bearer ${who.key}`,
      ...(payload === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(payload === undefined ? {} : { payload: text }),
  });
  return { status: answer.statusCode, body: answer.json(), text: answer.body };
}

const batch = (
  deviceId: string,
  orders: unknown[],
  transactions: unknown[] = [],
  lastSyncTimestamp?: number | string,
) => send("POST", "/api/sync/batch", { deviceId, orders, transactions, lastSyncTimestamp });
const updates = (deviceId: string, since: number | string = 0) =>
  send("GET", `/api/sync/updates?deviceId=${deviceId}&since=${since}`);

describe("POST /api/sync/batch (004)", () => {
  it("answers item by item, with what others did and a token", async () => {
    const { status, body } = await batch(A, [order("o-1", 45.99), order("o-2", "12.00")], []);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      syncedOrders: [
        { success: true, serverId: expect.any(String), syncedAt: world.nowMs },
        { success: true, serverId: expect.any(String), syncedAt: world.nowMs },
      ],
      syncedTransactions: [],
      serverUpdates: { orders: [], transactions: [], deletedOrderIds: [], deletedTransactionIds: [] },
      nextSyncToken: String(world.nowMs),
    });
  });

  it("keeps one order however often it is sent, and answers the same (I1)", async () => {
    const first = await batch(A, [order("o-1", 45.99)]);
    for (let again = 0; again < 9; again++) expect((await batch(A, [order("o-1", 45.99)])).body).toEqual(first.body);
    const seen = await updates(B);
    expect(seen.body.orders).toHaveLength(1);
  });

  it("gives others the document as it was sent, numbers and unknown fields included", async () => {
    const document = '{"total":45.990,"big":9007199254740993,"note":"café","x":{"deep":[1e2,null,true]}}';
    const sent = await send("POST", "/api/sync/order", `{"order":${document},"localId":"o-1","deviceId":"${A}"}`);
    expect(sent).toMatchObject({ status: 200, body: { success: true } });
    const { text } = await updates(B);
    expect(text).toContain(`"order":${document},"localId":"o-1"`);
  });

  it("keeps a NUL in a document, and refuses the one with half a character, alone", async () => {
    const nul = `{"order":{"note":"a\\u0000b"},"localId":"o-1","deviceId":"${A}"}`;
    const half = `{"order":{"note":"\\ud800"},"localId":"o-2","deviceId":"${A}"}`;
    const sent = await send("POST", "/api/sync/batch", `{"deviceId":"${A}","orders":[${nul},${half}]}`);
    expect(sent.body.syncedOrders).toMatchObject([
      { success: true },
      { success: false, error: { field: "orders[1].order" } },
    ]);
    expect((await updates(B)).text).toContain('"order":{"note":"a\\u0000b"}');
  });

  it("lets the higher version win and the server's stand against an older one", async () => {
    await batch(A, [order("o-1", 100, 1)]);
    await batch(A, [order("o-1", 150, 2)]);
    const late = await batch(B, [order("o-1", 120, 1, B)]);
    expect(late.body.syncedOrders).toMatchObject([
      {
        success: false,
        message: "Conflict: server version is newer",
        conflicts: [
          {
            entityType: "ORDER",
            entityId: "o-1",
            conflictType: "VERSION_MISMATCH",
            resolution: "SERVER_WINS",
            remoteData: { order: { total: 150 }, syncVersion: 2, deviceId: A },
          },
        ],
      },
    ]);
    expect((await batch(B, [order("o-1", 120, 1, B)])).body.syncedOrders).toEqual(late.body.syncedOrders);
    const kept = await inScope(database.pool, key, (client) =>
      client.query("SELECT effect FROM change_head WHERE local_id = 'o-1' ORDER BY received_at, effect"),
    );
    expect(kept.rows.map(({ effect }) => effect)).toEqual(["applied", "applied", "conflict"]);
  });

  it.each([
    ["HASH_MISMATCH", A],
    ["CONCURRENT_MODIFICATION", B],
  ])("names the conflict %s", async (code, sender) => {
    await batch(A, [order("o-1", 100, 2)]);
    const { body } = await batch(sender, [order("o-1", 120, 2, sender)]);
    expect(body.syncedOrders[0].conflicts[0].conflictType).toBe(code);
  });

  it("is told of what head office changed and deleted, and of nothing of its own", async () => {
    const { body } = await batch(
      A,
      [order("o-1", 100), order("o-2", 5)],
      [{ transaction: { amount: 1.5 }, localId: "t-1", deviceId: A }],
    );
    const change = { order: { total: 150 }, actor: "Grace", reason: "wrong price" };
    expect((await send("PUT", "/api/admin/orders/o-1", change, admin)).body).toMatchObject({ syncVersion: 2 });
    expect((await send("DELETE", "/api/admin/orders/o-2", { reason: "twice" }, admin)).status).toBe(200);
    expect((await send("DELETE", "/api/admin/transactions/t-1?reason=twice", undefined, admin)).status).toBe(200);
    const news = await updates(A, body.nextSyncToken);
    expect(news.body).toMatchObject({
      orders: [{ order: { total: 150 }, localId: "o-1", syncVersion: 2, deviceId: "head-office" }],
      transactions: [],
      deletedOrderIds: ["o-2"],
      deletedTransactionIds: ["t-1"],
    });
    const after = await batch(A, [order("o-2", 7, 9)], [], news.body.nextSyncToken);
    expect(after.body.syncedOrders[0].conflicts[0].conflictType).toBe("DELETED_ITEM");
    expect(after.body.serverUpdates.orders).toEqual([]);
  });

  it("takes 1,000 orders in one batch, and refuses a broken one alone", async () => {
    const orders: unknown[] = Array.from({ length: 1000 }, (_, index) => order(`o-${index}`, index / 100));
    orders[500] = { ...order("o-500", 1), localId: "not an id" };
    const { body } = await batch(A, orders);
    expect(body.syncedOrders).toHaveLength(1000);
    expect(body.syncedOrders.filter((one: { success: boolean }) => !one.success)).toEqual([
      expect.objectContaining({ message: expect.stringContaining("orders[500].localId") }),
    ]);
    expect((await updates(B)).body.orders).toHaveLength(999);
  });

  it("writes 004's log lines with the correlation id", async () => {
    await batch(A, [order("o-1", 100, 2)]);
    await batch(B, [order("o-1", 120, 1, B)]);
    const lines = world.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const ofRoutes = lines.filter(({ logger }) => logger === "SyncRoutes");
    expect(new Set(ofRoutes.map(({ correlationId }) => correlationId)).size).toBe(2);
    const told = ofRoutes.map(({ msg }) => msg);
    for (const line of [
      "Batch sync request from device: device-abc-123",
      "Orders: 1, Transactions: 0",
      "Inserting new order: o-1",
      "Conflict detected for order o-1",
      "Sync successful: 1 orders, 0 transactions",
    ])
      expect(told).toContain(line);
    expect(ofRoutes.find(({ msg }) => String(msg).startsWith("Conflict"))?.level).toBe(40);
  });
});

describe("POST /api/inventory/events (001)", () => {
  it("takes one or many, once each, with the delta from the numbers", async () => {
    const sale = {
      Id: 17,
      StoreId: "STORE001",
      ProductId: "P1",
      TransactionType: "Sale",
      Quantity: 2,
      UnitPrice: 1.5,
      TotalAmount: 3.0,
      Synced: false,
    };
    const stock = {
      id: "u-1",
      storeId: "STORE001",
      productId: "P1",
      previousStock: 10,
      newStock: 8,
      updateType: "Sale",
    };
    expect((await send("POST", "/api/inventory/events", sale)).body).toMatchObject({
      id: "17",
      success: true,
      duplicate: false,
    });
    const many = await send("POST", "/api/inventory/events", [sale, stock]);
    expect(many.body).toMatchObject({ success: true, results: [{ duplicate: true }, { id: "u-1", duplicate: false }] });
    // 001's own client counts its attempts in the record it sends again.
    const retried = { ...sale, Synced: false, SyncAttempts: 1, LastSyncError: "timed out" };
    expect((await send("POST", "/api/inventory/events", retried)).body).toMatchObject({
      success: true,
      duplicate: true,
    });
    const bad = await send("POST", "/api/inventory/events", [
      { ...sale, Id: 18 },
      { ...stock, id: undefined },
    ]);
    expect(bad.status).toBe(400);
    expect(bad.body).toMatchObject({
      success: false,
      error: { field: "[1].id" },
      results: [{ success: true }, { success: false }],
    });
  });
});
