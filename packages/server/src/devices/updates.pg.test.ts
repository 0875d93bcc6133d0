import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exchange } from "../ingest/exchange.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import { sha256 } from "../ledger/sha256.ts";
import { type DeviceDoorsStore, DeviceDoorsWorld } from "../testing/device-store.ts";
import { SampleLife, sampleBody, sampleEdit, sampleSale } from "../testing/sample-life.ts";

let world: DeviceDoorsWorld;
let store: DeviceDoorsStore;
let life: SampleLife;
let sent: number;

beforeAll(async () => {
  world = await DeviceDoorsWorld.open();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  const till = await store.enroll({ role: "terminal", name: "T01", terminal: { shortId: "T01" } });
  life = new SampleLife(till.terminal ?? "");
  sent = 0;
});

/** One of our tills sends what was added to its journal since. */
async function tillSends(): Promise<void> {
  const context = { store: await postgresIngest(world.database.pool), sha256, nowMs: () => store.world.nowMs };
  await exchange(context, store.scope, life.request(sent + 1));
  sent = life.wires.length;
}

const news = (since: number | string = 0) => store.updates("device-a", since);

describe("a device of another make is told of our tills' documents in 004's words", () => {
  it("a closed sale", async () => {
    const more = { orderNumber: "A-17", customerId: "c-1" };
    life.add(sampleSale({ localId: "o-1" }, 4599, more));
    await tillSends();
    const { orders } = await news();
    expect(orders).toEqual([
      {
        order: {
          id: "o-1",
          orderNumber: "A-17",
          receiptNumber: "T01-20260116-00001",
          status: "COMPLETED",
          type: "sale",
          currency: "KES",
          items: [{ id: "1", productId: "bread", name: "bread", quantity: 1, unitPrice: 1, total: 45.99 }],
          total: 45.99,
          payments: [{ method: "cash", amount: 45.99 }],
          customerId: "c-1",
          businessDate: "2026-01-16",
          createdAt: Date.UTC(2026, 0, 16, 10),
        },
        localId: "o-1",
        syncStatus: "SYNCED",
        syncVersion: 1,
        deviceId: life.terminal,
        syncedAt: store.world.nowMs,
      },
    ]);
  });

  it("a return, with the order that it returns", async () => {
    life.add(sampleSale({ localId: "o-1" }, 4599));
    const original = { localId: "o-1", receiptNumber: "T01-20260116-00001" };
    const more = { documentType: "return", original, receiptNumber: "T01-20260116-00002" };
    life.add(sampleSale({ localId: "o-2" }, -4599, more));
    await tillSends();
    const { orders } = await news();
    expect(orders.map(({ order }) => order)).toMatchObject([
      { id: "o-1", total: 45.99 },
      { id: "o-2", type: "return", total: -45.99, originalOrderId: "o-1" },
    ]);
  });

  it("an open order as it stands, again when it changes, and what it became", async () => {
    life.add(sampleEdit({ localId: "o-1" }, ["T01.1"]));
    await tillSends();
    const first = await news();
    expect(first.orders).toMatchObject([
      { localId: "o-1", order: { status: "OPEN", total: 2, items: [{ name: "tea" }] } },
    ]);
    life.add(sampleEdit({ localId: "o-1", version: 2, changeId: uuid(2) }, ["T01.2", "T01.3"]));
    await tillSends();
    const second = await news(first.nextSyncToken);
    expect(second.orders).toMatchObject([{ localId: "o-1", syncVersion: 2, order: { status: "OPEN", total: 6 } }]);
    life.add(sampleSale({ localId: "o-1", version: 3 }, 600));
    await tillSends();
    const third = await news(second.nextSyncToken);
    expect(third.orders).toMatchObject([{ localId: "o-1", syncVersion: 3, order: { status: "COMPLETED", total: 6 } }]);
    // Whoever comes now is told of what it is, once.
    expect((await store.updates("device-b")).orders).toEqual(third.orders);
  });

  it("an open order with each field of its header as it was last written, whichever edit came last", async () => {
    const at = (clock: string) => `2026-01-16T${clock}.000Z`;
    const edit = (version: number, occurredAt: string, header: object, clockOffsetMs?: number) =>
      sampleEdit({ localId: "o-1", version, changeId: uuid(version), occurredAt }, [`T01.${version}`], {
        header,
        ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
      });
    life.add(edit(1, at("12:00:00"), { label: "Table 9", covers: 2, customerId: "c-1" }));
    // Its clock is five hours behind: it was made after the first.
    life.add(edit(2, at("08:00:00"), { label: "Table 4", customerId: null }, 5 * 3_600_000));
    life.add(edit(3, at("11:59:59"), { covers: 7, operator: "Amina" }));
    await tillSends();
    const { orders } = await news();
    expect(orders).toMatchObject([{ order: { label: "Table 4", covers: 2, operator: "Amina" } }]);
    expect(orders[0]?.order).not.toHaveProperty("customerId");
  });

  it.each(["order.voided", "order.deleted"])("one that ended by %s, as an id", async (kind) => {
    life.add(sampleEdit({ localId: "o-1" }, ["T01.1"]));
    await tillSends();
    const { nextSyncToken } = await news();
    life.add(sampleBody(kind, { localId: "o-1", version: 2 }, { reason: "guests left" }));
    await tillSends();
    expect(await news(nextSyncToken)).toMatchObject({ orders: [], deletedOrderIds: ["o-1"] });
    expect(await store.updates("device-b")).toMatchObject({ orders: [], deletedOrderIds: ["o-1"] });
  });

  it("a transaction; shifts and stock are none of 004's and are not told", async () => {
    const payload = { type: "payout", currency: "KES", amountMinor: -1250, reference: "R-9", reason: "milk" };
    life.add(sampleBody("transaction.recorded", { localId: "t-1" }, payload));
    life.add(sampleBody("shift.opened", { localId: "s-1" }, { currency: "KES", floatMinor: 0 }));
    await tillSends();
    expect(await news()).toMatchObject({
      orders: [],
      transactions: [
        { localId: "t-1", transaction: { type: "payout", amount: -12.5, referenceNumber: "R-9", notes: "milk" } },
      ],
      deletedTransactionIds: [],
    });
  });

  it("and cannot change them: the till's document stands, and the device is given it", async () => {
    life.add(sampleSale({ localId: "o-1" }, 4599));
    await tillSends();
    const { syncedOrders } = await store.batch("device-a", [{ order: { total: 1 }, localId: "o-1", syncVersion: 9 }]);
    expect(syncedOrders).toMatchObject([
      {
        success: false,
        conflicts: [
          { conflictType: "CONCURRENT_MODIFICATION", remoteData: { order: { total: 45.99 }, syncVersion: 1 } },
        ],
      },
    ]);
  });
});

it("tells a document once, as it stands, however often and by whomever it was changed", async () => {
  for (let version = 1; version <= 30; version++) {
    const deviceId = `device-${version % 3}`;
    const order = { order: { total: version }, localId: "o-1", syncVersion: version };
    expect((await store.batch(deviceId, [order])).syncedOrders).toMatchObject([{ success: true }]);
  }
  expect((await news()).orders).toMatchObject([{ localId: "o-1", syncVersion: 30, deviceId: "device-0" }]);
});

it("tells in the order in which things were stored, past the pages in which they are read", async () => {
  const ids = Array.from({ length: 1700 }, (_, index) => `o-${index}`);
  for (let at = 0; at < ids.length; at += 850)
    await store.batch(
      `device-${at}`,
      ids.slice(at, at + 850).map((localId) => ({ order: { total: 1 }, localId })),
    );
  for (let n = 0; n < 30; n++) await store.batch("device-b", [{ order: { total: 1 }, localId: `late-${n}` }]);
  const { orders } = await news();
  expect(orders.map(({ localId }) => localId)).toEqual([...ids, ...Array.from({ length: 30 }, (_, n) => `late-${n}`)]);
});

const uuid = (n: number) => `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`;
