import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DeviceDoorsStore, DeviceDoorsWorld } from "../testing/device-store.ts";
import { testApp } from "../testing/test-app.ts";

const [A, B] = ["device-a", "device-b"];
let world: DeviceDoorsWorld;
let store: DeviceDoorsStore;

beforeAll(async () => {
  world = await DeviceDoorsWorld.open();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
});

const order = (localId: string, total: unknown = 1, syncVersion = 1) => ({
  order: { id: localId, total },
  localId,
  syncVersion,
});
const transaction = (localId: string, amount: unknown = 1, syncVersion = 1) => ({
  transaction: { id: localId, amount },
  localId,
  syncVersion,
});

describe("answers stand at the place of what was sent", () => {
  it("in both lists, with new ones, repeats, conflicts and broken ones in between", async () => {
    await store.batch(A, [order("o-1", 10, 2), order("o-2", 20)], [transaction("t-1", 5, 2)]);
    const answer = await store.batch(
      B,
      [
        order("o-1", 11, 1),
        order("o-3"),
        { ...order("o-4"), order: [] },
        order("o-2", 20),
        null,
        order("o-3"),
        { ...order("o-5"), syncVersion: 0 },
      ],
      [{ ...transaction("t-2"), localId: undefined }, transaction("t-1", 6, 2), transaction("t-3"), 7],
    );
    const told = ({ success, conflicts, error }: (typeof answer.syncedOrders)[number]) =>
      success ? "ok" : (conflicts?.[0]?.conflictType ?? error?.field);
    expect(answer.syncedOrders.map(told)).toEqual([
      "VERSION_MISMATCH",
      "ok",
      "orders[2].order",
      "ok",
      "orders[4]",
      "ok",
      "orders[6].syncVersion",
    ]);
    expect(answer.syncedTransactions.map(told)).toEqual([
      "transactions[0].localId",
      "CONCURRENT_MODIFICATION",
      "ok",
      "transactions[3]",
    ]);
    expect(answer.syncedOrders[0]?.conflicts?.[0]?.remoteData.order).toMatchObject({ total: 10 });
    expect(answer.syncedTransactions[1]?.conflicts?.[0]?.remoteData.transaction).toMatchObject({ amount: 5 });
    // The same order has the same serverId, whoever asks.
    expect(answer.syncedOrders[1]?.serverId).toBe(answer.syncedOrders[5]?.serverId);
    expect((await store.changes()).filter((text) => text.startsWith("o-3"))).toEqual(["o-3 applied"]);
  });

  it("in a batch of several versions of one order: each follows the one before", async () => {
    const answer = await store.batch(A, [
      order("o-1", 1, 1),
      order("o-1", 3, 3),
      order("o-1", 2, 2),
      order("o-1", 3, 9),
    ]);
    expect(answer.syncedOrders.map(({ success }) => success)).toEqual([true, true, false, true]);
    expect((await store.updates(B)).orders).toMatchObject([{ order: { total: 3 }, syncVersion: 3 }]);
  });

  it("refuses a batch as a whole only for what is not a batch", async () => {
    const sent = (body: unknown) => store.send("POST", "/api/sync/batch", body);
    expect((await sent([])).body.error).toMatchObject({ code: "INVALID_INPUT", field: "(root)" });
    expect((await sent({ orders: [] })).body.error).toMatchObject({ field: "deviceId" });
    expect((await sent({ deviceId: A, orders: {} })).body.error).toMatchObject({ field: "orders" });
    expect((await sent({ deviceId: A, transactions: 3 })).body.error).toMatchObject({ field: "transactions" });
    expect((await sent({ deviceId: A })).status).toBe(200);
    expect((await sent({ deviceId: A, orders: null, transactions: null })).status).toBe(200);
  });

  it("and at the single doors a broken one is refused with its field", async () => {
    const { status, body } = await store.send("POST", "/api/sync/order", { deviceId: A, ...order("not an id") });
    expect([status, body.error.field]).toEqual([400, "localId"]);
    const good = await store.send("POST", "/api/sync/transaction", { deviceId: A, ...transaction("t-1", "12.50") });
    expect(good).toMatchObject({ status: 200, body: { success: true, serverId: expect.any(String) } });
    expect((await store.updates(B)).transactions).toMatchObject([{ localId: "t-1", transaction: { amount: "12.50" } }]);
  });
});

it("answers the repeat of a conflict the same, and stores it once", async () => {
  await store.batch(A, [order("o-1", 10, 2)], [transaction("t-1", 10, 2)]);
  const late = () => store.batch(B, [order("o-1", 11, 1)], [transaction("t-1", 11, 2)]);
  const { syncedOrders, syncedTransactions } = await late();
  for (let time = 0; time < 5; time++) {
    store.world.nowMs += 60_000;
    expect(await late()).toMatchObject({ syncedOrders, syncedTransactions });
  }
  const single = await store.send("POST", "/api/sync/order", { deviceId: B, ...order("o-1", 11, 1) });
  expect(single.body).toEqual(syncedOrders[0]);
  expect(await store.changes()).toEqual([
    "o-1 VERSION_MISMATCH",
    "o-1 applied",
    "t-1 CONCURRENT_MODIFICATION",
    "t-1 applied",
  ]);
});

describe("a document that somebody else changed before its sender heard that it had arrived", () => {
  it.each([
    ["by another device", "VERSION_MISMATCH", () => store.batch(B, [order("o-1", 20, 2)])],
    ["at head office", "VERSION_MISMATCH", () => atHeadOffice("PUT", { order: { total: 20 }, reason: "price" })],
    ["by a deletion", "DELETED_ITEM", () => atHeadOffice("DELETE", { reason: "twice" })],
  ])("%s: its repeat is told so, and stored nowhere", async (_how, code, change) => {
    const send = () => store.send("POST", "/api/sync/order", { deviceId: A, ...order("o-1", 10) });
    expect((await send()).body).toMatchObject({ success: true });
    await change();
    const { body } = await send();
    expect(body).toMatchObject({ success: false, conflicts: [{ conflictType: code }] });
    expect((await send()).body).toEqual(body);
    expect(await store.changes()).toEqual(["o-1 applied", "o-1 applied"]);
  });

  it("by itself: an earlier version sent again is no conflict with its own later one", async () => {
    const versions = [order("o-1", 10, 1), order("o-1", 20, 2)];
    const { syncedOrders } = await store.batch(A, versions);
    expect((await store.batch(A, versions)).syncedOrders).toEqual(syncedOrders);
    expect(syncedOrders).toMatchObject([{ success: true }, { success: true }]);
  });

  async function atHeadOffice(method: "PUT" | "DELETE", body: object): Promise<void> {
    const { key } = await store.enroll({ role: "admin", name: "head office" });
    expect((await store.send(method, "/api/admin/orders/o-1", body, key)).status).toBe(200);
  }
});

it("keeps a conflict's loser with its bytes", async () => {
  await store.batch(A, [order("o-1", 10, 2)]);
  await store.batch(B, [order("o-1", 11.75, 1)]);
  const bodies = await store.rows<{ body: string }>(
    `SELECT convert_from(b.body, 'UTF8') AS body FROM tillsync.change_head h JOIN tillsync.change_body b
       USING (org_id, store_id, terminal, incarnation, seq)
     WHERE org_id = $1 AND store_id = $2 AND effect = 'conflict'`,
  );
  expect(bodies).toHaveLength(1);
  expect(bodies[0]?.body).toContain("11.75");
});

it("tells a device nothing of its own, others everything, and a third what the second made of it", async () => {
  await store.batch(A, [order("o-1"), order("o-2")], [transaction("t-1")]);
  await store.batch(B, [order("o-2", 5, 2), order("o-3")]);
  const ids = async (deviceId: string) => (await store.updates(deviceId)).orders.map(({ localId }) => localId);
  expect(await ids(A)).toEqual(["o-2", "o-3"]);
  expect(await ids(B)).toEqual(["o-1"]);
  expect(await ids("device-c")).toEqual(["o-1", "o-2", "o-3"]);
});

it.each([
  ["absent", {}],
  ["null", { lastSyncTimestamp: null }],
  ["empty text", { lastSyncTimestamp: "" }],
  ["zero", { lastSyncTimestamp: 0 }],
  ["zero as text", { lastSyncTimestamp: "0" }],
])("takes lastSyncTimestamp %s as the beginning", async (_name, more) => {
  await store.batch(A, [order("o-1")]);
  expect((await store.batch(B, [], [], more)).serverUpdates.orders).toHaveLength(1);
});

it("takes lastSyncTimestamp as a number and the token as text for the same, and refuses what is neither", async () => {
  await store.batch(A, [order("o-1")]);
  const { nextSyncToken } = await store.batch(B, []);
  await store.batch(A, [order("o-2")]);
  for (const lastSyncTimestamp of [nextSyncToken, Number(nextSyncToken)]) {
    const { serverUpdates } = await store.batch(B, [], [], { lastSyncTimestamp });
    expect(serverUpdates.orders).toMatchObject([{ localId: "o-2" }]);
  }
  for (const lastSyncTimestamp of [-1, 1.5, true, "soon", {}, [0]]) {
    const { status, body } = await store.send("POST", "/api/sync/batch", { deviceId: A, lastSyncTimestamp });
    expect([status, body.error.field]).toEqual([400, "lastSyncTimestamp"]);
  }
});

describe("who may send", () => {
  it("a key made for one device speaks for that one only, at every door", async () => {
    const { key } = await store.enroll({ role: "foreign", name: "front till", device: A });
    const doors = (deviceId: string) =>
      Promise.all([
        store.send("POST", "/api/sync/batch", { deviceId }, key),
        store.send("POST", "/api/sync/order", { deviceId, ...order("o-1") }, key),
        store.send("POST", "/api/sync/transaction", { deviceId, ...transaction("t-1") }, key),
        store.send("GET", `/api/sync/updates?deviceId=${deviceId}`, undefined, key),
      ]);
    expect((await doors(A)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await store.batch(B, []);
    expect((await doors(B)).map(({ status, body }) => [status, body.error?.code])).toEqual(
      Array.from({ length: 4 }, () => [403, "FORBIDDEN"]),
    );
  });

  it("a refused request makes no device, and no device takes the name of another's row", async () => {
    const { key } = await store.enroll({ role: "foreign", name: "front till", device: A });
    const till = await store.enroll({ role: "terminal", name: "T01", terminal: { shortId: "T01" } });
    const before = await store.terminals();
    expect((await store.send("POST", "/api/sync/batch", { deviceId: "never-seen" }, key)).status).toBe(403);
    expect((await store.send("POST", "/api/sync/batch", { deviceId: till.terminal })).status).toBe(403);
    expect(await store.terminals()).toEqual(before);
  });

  it.each(["terminal", "admin"] as const)("a key of role %s opens none of these doors", async (role) => {
    const terminal = role === "terminal" ? { terminal: { shortId: "T01" } } : {};
    const { key } = await store.enroll({ role, name: role, ...terminal });
    expect((await store.send("POST", "/api/sync/batch", { deviceId: A }, key)).status).toBe(403);
    expect((await store.send("GET", `/api/sync/updates?deviceId=${A}`, undefined, key)).status).toBe(403);
  });

  it("nobody speaks for head office, and no id is a device that is none", async () => {
    const asHeadOffice = { deviceId: "head-office", orders: [order("o-1")] };
    const { status, body } = await store.send("POST", "/api/sync/batch", asHeadOffice);
    expect([status, body.error.code]).toEqual([403, "FORBIDDEN"]);
    for (const deviceId of ["", "x".repeat(65), "a\u0000b", 7, null, {}]) {
      const { status, body } = await store.send("POST", "/api/sync/batch", { deviceId, orders: [order("o-1")] });
      expect([status, body.error.field]).toEqual([400, "deviceId"]);
    }
    expect(await store.changes()).toEqual([]);
  });

  it("without a key only where the doors are open (foreign.open), and only from this machine", async () => {
    const { pool } = world.database;
    const url = `/api/sync/updates?deviceId=${A}`;
    const open = testApp(pool, { openDevices: true }).app;
    expect((await open.inject({ url })).statusCode).toBe(200);
    const elsewhere = { url, remoteAddress: "192.168.1.20" };
    const rebound = { url, headers: { host: "shop.example" } };
    const proxied = { url, headers: { "x-forwarded-for": "203.0.113.9" } };
    for (const request of [elsewhere, rebound, proxied]) expect((await open.inject(request)).statusCode).toBe(401);
    expect((await testApp(pool).app.inject({ url })).statusCode).toBe(401);
    // A wrong key is a wrong key, wherever it comes from.
    expect((await open.inject({ url, headers: { authorization: "Bearer nonsense" } })).statusCode).toBe(401);
  });

  it("takes 1,000 devices in a store and no more; those that are known go on", async () => {
    await store.batch(A, []);
    await store.rows(
      `INSERT INTO tillsync.terminal (org_id, store_id, terminal, short_id, kind, device_id, created_at)
       SELECT $1, $2, gen_random_uuid(), 'F' || n, 'foreign', 'made-' || n, now() FROM generate_series(2, 999) AS n`,
    );
    await store.batch("the thousandth", []);
    const { status, body } = await store.send("POST", "/api/sync/batch", { deviceId: "one more" });
    expect(status).toBe(403);
    expect(body.error).toMatchObject({ code: "FORBIDDEN", field: "deviceId" });
    expect((await store.batch(A, [order("o-1")])).syncedOrders).toMatchObject([{ success: true }]);
    const admin = await store.enroll({ role: "admin", name: "head office" });
    const edit = { order: { total: 5 }, reason: "price" };
    expect((await store.send("PUT", "/api/admin/orders/o-1", edit, admin.key)).status).toBe(200);
  });
});

/** A JSON number as a text that a POS might write, within the limits of the wire. */
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }).map(String),
  fc.tuple(fc.integer(), fc.nat(999_999)).map(([whole, fraction]) => `${whole}.${fraction}0`),
  fc
    .tuple(fc.integer({ min: 1, max: 99 }), fc.constantFrom("e", "E", "e+", "E-"), fc.nat(99))
    .map((parts) => parts.join("")),
  fc.constantFrom("-0", "0.0", "-0.00", "45.990", "9007199254740993", "1E99"),
);
/** Names that are numbers come in another order out of any JSON parser, so none is here; `__proto__` is refused. */
const name = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((text) => text !== "__proto__" && !/^\d+$/.test(text));
const { json } = fc.letrec<{ json: string; list: string; object: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false"),
    numberText,
    fc.string({ unit: "binary", maxLength: 30 }).map((text) => JSON.stringify(text)),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("json"), { maxLength: 5 }).map((items) => `[${items.join(",")}]`),
  object: fc.dictionary(name, tie("json"), { maxKeys: 6 }).map(objectText),
}));

function objectText(members: Record<string, string>): string {
  return `{${Object.entries(members)
    .map(([key, text]) => `${JSON.stringify(key)}:${text}`)
    .join(",")}}`;
}

it("keeps every value as it was sent, numbers to the last digit, for every other device", async () => {
  let n = 0;
  const document = fc.dictionary(name, json, { maxKeys: 8 }).map(objectText);
  await fc.assert(
    fc.asyncProperty(fc.array(document, { minLength: 1, maxLength: 20 }), async (documents) => {
      const first = n;
      const items = documents.map((text) => `{"order":${text},"localId":"o-${n++}"}`);
      const { nextSyncToken } = await store.batch(B, []);
      const sent = await store.send("POST", "/api/sync/batch", `{"deviceId":"${A}","orders":[${items.join(",")}]}`);
      expect(sent.body.syncedOrders).toEqual(documents.map(() => expect.objectContaining({ success: true })));
      const { text } = await store.send("GET", `/api/sync/updates?deviceId=${B}&since=${nextSyncToken}`);
      for (const [at, document] of documents.entries())
        expect(text).toContain(`{"order":${document},"localId":"o-${first + at}",`);
    }),
    { numRuns: 60 },
  );
});
