import { tempFolder } from "@tillsync/server/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SyncService, type SyncState } from "../../../../examples/sync-client/sync-client.ts";

const NOTHING_NEW = {
  success: true,
  syncedOrders: [],
  syncedTransactions: [],
  serverUpdates: { orders: [], transactions: [], deletedOrderIds: [], deletedTransactionIds: [] },
  nextSyncToken: "1704067300000",
};

let requests: { readonly orders: unknown[]; readonly lastSyncTimestamp: unknown }[];
let answer: () => Response;
let ended: PromiseWithResolvers<SyncState>;

beforeEach(() => {
  requests = [];
  answer = () => Response.json(NOTHING_NEW);
  ended = Promise.withResolvers();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.stubGlobal("fetch", async (_url: URL, { body }: { body: string }) => {
    requests.push(JSON.parse(body));
    return answer();
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function newService(): SyncService {
  const onState = (state: SyncState) => {
    if (state.name === "Success" || state.name === "Error") ended.resolve(state);
  };
  return new SyncService({ folder: tempFolder(), baseUrl: "http://centre", deviceId: "device-a", onState });
}

/** How the round that is under way ends, once the timer of the next one is set. */
async function endOfRound(): Promise<string> {
  const { name } = await ended.promise;
  ended = Promise.withResolvers();
  await new Promise(setImmediate);
  expect(vi.getTimerCount()).toBe(1);
  return name;
}

it("syncs at once and every 30 seconds, no earlier and no later, until it is stopped (004)", async () => {
  const service = newService();
  service.initialize();
  await endOfRound();
  for (let round = 2; round <= 5; round++) {
    vi.advanceTimersByTime(29_999);
    expect(requests).toHaveLength(round - 1);
    vi.advanceTimersByTime(1);
    await endOfRound();
    expect(requests).toHaveLength(round);
  }
  service.stop();
  expect(vi.getTimerCount()).toBe(0);
});

it.each([
  ["a server in trouble", () => new Response("busy", { status: 503 })],
  ["the login page of a hotel", () => new Response("<html>Welcome</html>")],
  ["an answer to something else", () => Response.json({ success: true })],
  ["no network", () => Promise.reject(new TypeError("fetch failed")) as never],
])("keeps trying through %s, and forgets nothing", async (_name, trouble) => {
  const service = newService();
  service.saveOrderForSync({ id: "o-1", total: 1 });
  answer = trouble;
  service.initialize();
  for (let round = 1; round <= 20; round++) {
    expect(await endOfRound()).toBe("Error");
    expect(service.getSyncStats()).toMatchObject({ pendingOrders: 1, lastSyncTimestamp: null });
    vi.advanceTimersByTime(30_000);
  }
  answer = () => Response.json({ ...NOTHING_NEW, syncedOrders: [{ success: true, serverId: "s-1", syncedAt: 5 }] });
  await endOfRound();
  vi.advanceTimersByTime(30_000);
  expect(await endOfRound()).toBe("Success");
  expect(service.getSyncStats()).toMatchObject({ pendingOrders: 0, syncedOrders: 1 });
  service.stop();
});

it("sends nothing twice at a time, and what changed meanwhile once more", async () => {
  const service = newService();
  service.saveOrderForSync({ id: "o-1", total: 1 });
  answer = () => {
    service.saveOrderForSync({ id: "o-1", total: 2 });
    return Response.json({ ...NOTHING_NEW, syncedOrders: [{ success: true }] });
  };
  const [first, second] = [service.syncWithServer(), service.syncWithServer()];
  expect(second).toBe(first);
  await first;
  expect(service.getSyncStats()).toMatchObject({ pendingOrders: 1, syncedOrders: 0 });
  await service.syncWithServer();
  expect(requests).toMatchObject([
    { orders: [{ order: { total: 1 }, syncVersion: 1 }], lastSyncTimestamp: 0 },
    { orders: [{ order: { total: 2 }, syncVersion: 2 }], lastSyncTimestamp: "1704067300000" },
  ]);
});
