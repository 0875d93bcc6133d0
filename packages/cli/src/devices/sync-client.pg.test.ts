import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { SyncService } from "../../../../examples/sync-client/sync-client.ts";
import { FaultProxy } from "../demo/fault-proxy.ts";
import { type DeviceStore, DeviceWorld, orderOf } from "./testing/device-world.ts";

let world: DeviceWorld;
let store: DeviceStore;

beforeAll(async () => {
  world = await DeviceWorld.start();
});
afterAll(() => world.stop());
beforeEach(async () => {
  store = await world.newStore();
});

const totals = (device: SyncService) =>
  Object.fromEntries(device.rows("order").map(({ localId, order }) => [localId, order?.total]));

describe("the tests of requirement 004, with a client that has nothing of ours", () => {
  it("1: creates an order offline", () => {
    const device = store.device("device-a", { baseUrl: "http://127.0.0.1:1" });
    const order = orderOf("o-1", 45.99);
    device.saveOrderForSync(order);
    expect(device.rows("order")).toMatchObject([{ order, localId: "o-1", syncStatus: "PENDING", syncVersion: 1 }]);
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 1, syncedOrders: 0, lastSyncTimestamp: null });
  });

  it("2: syncs an order to the server", async () => {
    const device = store.device("device-a");
    device.saveOrderForSync(orderOf("o-1", 45.99));
    const { syncedOrders } = await device.syncWithServer();
    expect(syncedOrders).toEqual([{ success: true, serverId: expect.any(String), syncedAt: expect.any(Number) }]);
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 0, syncedOrders: 1, failedOrders: 0 });
    expect(device.syncState).toEqual({ name: "Success" });
  });

  it.each([3, 10])("3: prevents duplicate submission: sent %i times, one entry in the database (I1)", async (times) => {
    const device = store.device("device-a");
    for (let time = 0; time < times; time++) {
      device.saveOrderForSync(orderOf("o-1", 45.99));
      const { syncedOrders } = await device.syncWithServer();
      expect(syncedOrders).toMatchObject([{ success: true }]);
    }
    expect(await store.storedOrders()).toEqual([{ localId: "o-1", version: 1, state: "closed" }]);
    expect(await store.changes()).toEqual(["o-1 applied"]);
  });

  it("4: the server wins on conflict", async () => {
    const a = store.device("device-a");
    a.saveOrderForSync(orderOf("o-1", 100));
    await a.syncWithServer();
    const change = { order: orderOf("o-1", 150), actor: "Grace", reason: "wrong price" };
    expect(await store.atHeadOffice("PUT", "o-1", change)).toBe(200);

    const b = store.device("device-b");
    b.saveOrderForSync(orderOf("o-1", 120));
    const { syncedOrders } = await b.syncWithServer();
    expect(syncedOrders).toMatchObject([
      {
        success: false,
        message: "Conflict: server version is newer",
        conflicts: [{ conflictType: "VERSION_MISMATCH", resolution: "SERVER_WINS" }],
      },
    ]);
    expect(await store.order("o-1")).toMatchObject({ order: { total: 150 }, syncVersion: 2 });
    expect(b.rows("order")).toMatchObject([{ order: { total: 150 }, syncVersion: 2, syncStatus: "SYNCED" }]);
    await a.syncWithServer();
    expect(totals(a)).toEqual({ "o-1": 150 });
  });
});

describe("the checklist of requirement 004 (its last two points, alerts and a page for users, are not a client's)", () => {
  it("offline mode: orders and transactions without a network are all sent when it is back", async () => {
    const link = await linkTo(world);
    link.cut();
    const device = store.device("device-a", { baseUrl: link.url });
    for (let index = 0; index < 5; index++) device.saveOrderForSync(orderOf(`o-${index}`, index + 0.5));
    device.saveTransactionForSync({ id: "t-1", amount: 7.25, type: "CASH_IN" });
    await expect(device.syncWithServer()).rejects.toThrow();
    expect(device.syncState.name).toBe("Error");
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 5, syncedOrders: 0, pendingTransactions: 1 });
    link.heal();
    await device.syncWithServer();
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 0, syncedOrders: 5, pendingTransactions: 0 });
    expect(await store.storedOrders()).toHaveLength(5);
  });

  it("background sync: sends by itself, again and again, and says so", async () => {
    const states: string[] = [];
    const synced = Promise.withResolvers<void>();
    const device: SyncService = store.device("device-a", {
      intervalMs: 1,
      onState: ({ name }) => {
        states.push(name);
        // Only a later round can have sent it: it was made when the first one had ended.
        if (name === "Success" && states.length === 2) device.saveOrderForSync(orderOf("o-1", 1));
        if (name === "Success" && device.getSyncStats().syncedOrders === 1) synced.resolve();
      },
    });
    expect(device.syncState.name).toBe("Idle");
    device.initialize();
    await synced.promise;
    device.stop();
    expect(states.slice(0, 3)).toEqual(["Syncing", "Success", "Syncing"]);
    expect(await store.storedOrders()).toHaveLength(1);
  });

  it("conflicts: two devices change one order at the same moment; one wins, both hold it, both versions are kept", async () => {
    const [a, b] = [store.device("device-a"), store.device("device-b")];
    a.saveOrderForSync(orderOf("o-1", 100));
    await a.syncWithServer();
    await b.syncWithServer();
    a.saveOrderForSync(orderOf("o-1", 110));
    b.saveOrderForSync(orderOf("o-1", 120));
    const answers = await Promise.all([a.syncWithServer(), b.syncWithServer()]);
    const results = answers.flatMap(({ syncedOrders }) => syncedOrders);
    expect(results.filter(({ success }) => success)).toHaveLength(1);
    expect(results.flatMap(({ conflicts = [] }) => conflicts)).toMatchObject([
      { conflictType: "CONCURRENT_MODIFICATION", remoteData: { syncVersion: 2 } },
    ]);
    await Promise.all([a.syncWithServer(), b.syncWithServer()]);
    const { order } = await store.order("o-1");
    expect([totals(a), totals(b)]).toEqual([{ "o-1": order.total }, { "o-1": order.total }]);
    expect(await store.changes()).toEqual(["o-1 CONCURRENT_MODIFICATION", "o-1 applied", "o-1 applied"]);
  });

  it("deletions: what head office deletes is gone everywhere, and a late edit of it too", async () => {
    const [a, b] = [store.device("device-a"), store.device("device-b")];
    a.saveOrderForSync(orderOf("o-1", 100));
    await a.syncWithServer();
    await b.syncWithServer();
    expect(totals(b)).toEqual({ "o-1": 100 });
    expect(await store.atHeadOffice("DELETE", "o-1", { reason: "rung up twice" })).toBe(200);
    a.saveOrderForSync(orderOf("o-1", 101));
    const { syncedOrders } = await a.syncWithServer();
    await b.syncWithServer();
    expect(syncedOrders).toMatchObject([{ success: false, conflicts: [{ conflictType: "DELETED_ITEM" }] }]);
    expect([totals(a), totals(b)]).toEqual([{}, {}]);
  });

  it("large batch: 1,000 orders in one request, and another device gets them all", async () => {
    const [a, b] = [store.device("device-a"), store.device("device-b")];
    for (let index = 0; index < 1000; index++) a.saveOrderForSync(orderOf(`o-${index}`, index + 0.25));
    const { syncedOrders } = await a.syncWithServer();
    expect(syncedOrders.filter(({ success }) => success)).toHaveLength(1000);
    expect(a.getSyncStats()).toMatchObject({ pendingOrders: 0, syncedOrders: 1000 });
    await b.syncWithServer();
    expect(totals(b)).toEqual(totals(a));
    const requests = await store.rows<{ n: number }>(
      "SELECT count(DISTINCT received_at)::integer AS n FROM tillsync.change_head WHERE org_id = $1 AND store_id = $2",
    );
    expect(requests).toEqual([{ n: 1 }]);
  });

  it.each([
    ["in the middle of the request", (link: FaultProxy) => link.cutAfterBytes(2000, "up")],
    ["before the answer", (link: FaultProxy) => link.cutAfterBytes(0, "down")],
    ["in the middle of the answer", (link: FaultProxy) => link.cutAfterBytes(700, "down")],
    ["by passing nothing any more", (link: FaultProxy) => link.stall()],
  ])("network failure recovery: the link fails %s, and the next sync makes it whole (I1, I7)", async (_how, fail) => {
    const other = store.device("device-b");
    other.saveOrderForSync(orderOf("b-1", 3));
    await other.syncWithServer();
    const link = await linkTo(world);
    const device = store.device("device-a", { baseUrl: link.url, timeoutMs: 300 });
    for (let index = 0; index < 50; index++) device.saveOrderForSync(orderOf(`o-${index}`, index + 1));
    fail(link);
    await expect(device.syncWithServer()).rejects.toThrow();
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 50, syncedOrders: 0, lastSyncTimestamp: null });
    link.heal();
    const { syncedOrders } = await device.syncWithServer();
    expect(syncedOrders.filter(({ success }) => success)).toHaveLength(50);
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 0, syncedOrders: 51 });
    expect(await store.storedOrders()).toHaveLength(51);
    expect((await store.changes()).filter((text) => !text.endsWith(" applied"))).toEqual([]);
  });

  it("metrics: counts what waits, what arrived and what was refused, and when it last synced", async () => {
    const device = store.device("device-a");
    const before = Date.now();
    device.saveOrderForSync(orderOf("o-1", 1));
    device.saveOrderForSync({ ...orderOf("o-2", 2), id: "not an id" });
    device.saveOrderForSync(orderOf("o-3", 3));
    expect(device.getSyncStats()).toMatchObject({ pendingOrders: 3, lastSyncTimestamp: null });
    await device.syncWithServer();
    const stats = device.getSyncStats();
    expect(stats).toMatchObject({ pendingOrders: 0, syncedOrders: 2, failedOrders: 1 });
    expect(stats.lastSyncTimestamp).toBeGreaterThanOrEqual(before);
    // A failed one is sent again with the next.
    expect((await device.syncWithServer()).syncedOrders).toMatchObject([{ success: false }]);
  });
});

async function linkTo({ server }: DeviceWorld): Promise<FaultProxy> {
  const link = await FaultProxy.open({ target: { port: Number(new URL(server.url).port) } });
  onTestFinished(() => link.close());
  return link;
}
