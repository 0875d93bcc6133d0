import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exchange } from "../ingest/exchange.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import { sha256 } from "../ledger/sha256.ts";
import { DeviceDoorsWorld } from "../testing/device-store.ts";
import { SampleLife, sampleChangeId, sampleSale } from "../testing/sample-life.ts";
import { type ResolveContext, resolveConflict } from "./resolve.ts";
import { LOCK_ONE } from "./statements.ts";

let doors: DeviceDoorsWorld;
beforeAll(async () => {
  doors = await DeviceDoorsWorld.open();
});
afterAll(() => doors.close());

/** An order as 004's devices send it, with a number that no double holds. */
const order = (localId: string, syncVersion: number, total: string) =>
  `{"localId":"${localId}","syncVersion":${syncVersion},"order":{"id":"${localId}","total":${total},"big":9007199254740993}}`;

async function shop() {
  const store = await doors.newStore();
  const { key } = await store.enroll({ role: "admin", name: "Grace's key" });
  const ask = async (url: string) => {
    const { status, body, text } = await store.send("GET", url, undefined, key);
    return { status, body, text };
  };
  const resolve = (id: number, payload: object, as = key) =>
    store.send("POST", `/api/conflicts/${id}/resolve`, payload, as);
  const send = (device: string, text: string) =>
    store.send("POST", "/api/sync/batch", `{"deviceId":"${device}","orders":[${text}],"transactions":[]}`);
  return { store, key, ask, resolve, send };
}

/** Two devices that changed one order without seeing each other. */
async function conflicting() {
  const world = await shop();
  await world.send("pos-1", order("o-1", 3, "45.90"));
  await world.send("pos-2", order("o-1", 2, "50.10"));
  const { body } = await world.ask("/api/conflicts");
  return { ...world, id: body.conflicts[0].id as number };
}

/** How many of two people who decide at once hear that they did, with the statements of this server. */
async function decidedAtOnce(altered: (text: string) => string): Promise<number> {
  const { id, store } = await conflicting();
  const isUnlocked = altered(LOCK_ONE) !== LOCK_ONE;
  const bothRead = barrier(isUnlocked ? 2 : 1);
  const clientOf = (client: pg.PoolClient) => ({
    query: async (text: string, values?: unknown[]) => {
      const answer = await client.query(altered(text), values);
      if (text === LOCK_ONE) await bothRead();
      return answer;
    },
    on: client.on.bind(client),
    off: client.off.bind(client),
    removeListener: client.removeListener.bind(client),
    release: client.release.bind(client),
  });
  const pool = { connect: async () => clientOf(await doors.database.pool.connect()) };
  const context = { pool, records: { nowMs: () => 0 } } as unknown as ResolveContext;
  const decide = (actor: string) =>
    resolveConflict(context, store.scope, { id, keep: "theirs", fields: [], actor, reason: "as it was" });
  const decided = await Promise.allSettled([decide("Ali"), decide("Amina")]);
  return decided.filter(({ status }) => status === "fulfilled").length;
}

/** Lets nobody on before so many have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    come += 1;
    if (come >= count) resolve();
    return promise;
  };
}

describe("a document that lost to another version", () => {
  it("is in the inbox once, with both contents as they were written", async () => {
    const { ask, id, send } = await conflicting();
    await send("pos-2", order("o-1", 2, "50.10"));
    const { body } = await ask("/api/conflicts?state=open");
    expect(body).toMatchObject({
      open: 1,
      next: null,
      conflicts: [
        {
          ...{ id, entityType: "order", entityId: "o-1", conflictType: "VERSION_MISMATCH", resolution: "SERVER_WINS" },
          ...{ resolvedByUserId: null, resolvedAt: null, state: "open" },
          ...{ local: { shortId: "F2" }, remote: { shortId: "F1" } },
        },
      ],
    });
    const { text, body: one } = await ask(`/api/conflicts/${id}`);
    expect(one).toMatchObject({ localData: { total: 50.1 }, remoteData: { total: 45.9 } });
    expect(text).toContain('"localData":{"id":"o-1","total":50.10,"big":9007199254740993}');
  });

  it("comes back as a new version by head office, of which devices hear, and counts as resolved", async () => {
    const { store, ask, id, resolve } = await conflicting();
    const { status, body } = await resolve(id, { keep: "mine", reason: "the guest paid 50.10" });
    expect([status, body.resolution, body.resolvedByUserId, body.reason]).toEqual([
      200,
      "KEEP_MINE",
      "Grace's key",
      "the guest paid 50.10",
    ]);
    const updates = await store.send("GET", "/api/sync/updates?deviceId=pos-1&since=0");
    expect(updates.text).toContain('"order":{"id":"o-1","total":50.10,"big":9007199254740993}');
    expect(updates.body.orders).toMatchObject([{ localId: "o-1", syncVersion: 4 }]);
    expect((await ask("/api/conflicts?state=open")).body).toMatchObject({ open: 0, conflicts: [] });
    expect((await ask("/api/conflicts?state=resolved")).body.conflicts).toMatchObject([{ id, state: "resolved" }]);
    expect(await resolve(id, { keep: "theirs", reason: "no" })).toMatchObject({
      status: 409,
      body: { error: { code: "CONFLICT_RESOLVED", resolution: "KEEP_MINE", by: "Grace's key" } },
    });
  });

  it("is decided once when two people decide at the same time; the other is told by whom, and so is a repeat", async () => {
    const { ask, id, resolve, store } = await conflicting();
    const keeps = [
      { keep: "mine", reason: "the guest paid 50.10", actor: "Ali" },
      { keep: "theirs", reason: "it was 45.90", actor: "Amina" },
    ];
    const answers = await Promise.all(keeps.map((each) => resolve(id, each)));
    const won = answers[0]?.status === 200 ? 0 : 1;
    const by = keeps[won]?.actor;
    expect(answers[won]).toMatchObject({ status: 200, body: { resolvedByUserId: by } });
    const refused = { status: 409, body: { error: { code: "CONFLICT_RESOLVED", by } } };
    expect(answers[1 - won]).toMatchObject(refused);
    expect(await resolve(id, keeps[won] ?? {})).toMatchObject(refused);
    expect((await ask(`/api/conflicts/${id}`)).body).toMatchObject({ resolvedByUserId: by });
    const { orders } = await store.updates("pos-3", 0);
    expect(orders).toMatchObject([{ localId: "o-1", syncVersion: won === 0 ? 4 : 3 }]);
  });

  it("would be decided twice by a server that does not lock it, and that is noticed", async () => {
    expect(await decidedAtOnce((text) => text)).toBe(1);
    expect(await decidedAtOnce((text) => text.replace("FOR UPDATE", ""))).toBe(2);
  });

  it("gives the fields that a person chose to the version that stands", async () => {
    const { store, id, resolve } = await conflicting();
    expect((await resolve(id, { keep: "merge", fields: ["total"], actor: "Ali", reason: "x" })).body).toMatchObject({
      resolution: "MERGED",
      resolvedByUserId: "Ali",
    });
    const { text } = await store.send("GET", "/api/sync/updates?deviceId=pos-1&since=0");
    expect(text).toContain('"total":50.10');
  });

  it("leaves everything as it is when the version that stands is kept", async () => {
    const { store, id, resolve } = await conflicting();
    const before = await store.changes();
    expect((await resolve(id, { keep: "theirs", reason: "x" })).body).toMatchObject({ resolution: "KEEP_THEIRS" });
    expect(await store.changes()).toEqual(before);
  });

  it("stays deleted when head office had deleted it: the edit is kept and says so", async () => {
    const { store, key, ask, resolve, send } = await shop();
    await send("pos-1", order("o-1", 1, "1.00"));
    await store.send("DELETE", "/api/admin/orders/o-1?reason=twice", undefined, key);
    await send("pos-1", order("o-1", 9, "2.00"));
    const [conflict] = (await ask("/api/conflicts")).body.conflicts;
    expect((await ask(`/api/conflicts/${conflict.id}`)).body).toMatchObject({
      conflictType: "DELETED_ITEM",
      localData: { total: 2 },
      remoteData: { deleted: true, reason: "twice" },
    });
    expect((await resolve(conflict.id, { keep: "mine", reason: "x" })).body).toMatchObject({
      error: { code: "DELETED_ITEM" },
    });
    expect((await resolve(conflict.id, { keep: "theirs", reason: "x" })).status).toBe(200);
  });

  it("of our own tills is final: it can be acknowledged, not edited", async () => {
    const { store, ask, resolve } = await shop();
    const made = await Promise.all(
      ["T01", "T02"].map((shortId) => store.enroll({ role: "terminal", name: shortId, terminal: { shortId } })),
    );
    const context = {
      store: await postgresIngest(doors.database.pool),
      sha256,
      nowMs: () => Date.UTC(2026, 0, 16, 12),
    };
    for (const [index, { terminal }] of made.entries()) {
      const life = new SampleLife(terminal ?? "");
      life.add(sampleSale({ localId: "table-1", changeId: sampleChangeId(`${index}`) }, 100 + index));
      await exchange(context, store.scope, life.request());
    }
    const [conflict] = (await ask("/api/conflicts")).body.conflicts;
    expect(conflict).toMatchObject({
      conflictType: "ALREADY_CLOSED",
      local: { shortId: "T02" },
      remote: { shortId: "T01" },
    });
    expect((await ask(`/api/conflicts/${conflict.id}`)).body).toMatchObject({
      localData: { totalMinor: 101 },
      remoteData: { totalMinor: 100 },
    });
    expect((await resolve(conflict.id, { keep: "mine", reason: "x" })).body).toMatchObject({
      error: { code: "ALREADY_CLOSED" },
    });
    const till = made[1]?.key ?? "";
    expect((await resolve(conflict.id, { keep: "theirs", reason: "x" }, till)).body).toMatchObject({
      resolvedByUserId: "T02",
    });
  });
});

describe("the inbox", () => {
  it("gives pages, newest first, and no conflict of another store", async () => {
    const { ask, send } = await shop();
    for (const number of [1, 2, 3]) {
      await send("pos-1", order(`o-${number}`, 3, "1.00"));
      await send("pos-2", order(`o-${number}`, 2, "2.00"));
    }
    const first = (await ask("/api/conflicts?limit=2")).body;
    expect(first.conflicts.map(({ entityId }: { entityId: string }) => entityId)).toEqual(["o-3", "o-2"]);
    const second = (await ask(`/api/conflicts?limit=2&after=${first.next}`)).body;
    expect(second.conflicts).toMatchObject([{ entityId: "o-1" }]);
    expect([first.open, second.next]).toEqual([3, null]);
    const other = await shop();
    expect((await other.ask("/api/conflicts")).body.conflicts).toEqual([]);
    expect((await other.ask(`/api/conflicts/${first.next}`)).status).toBe(404);
    expect((await other.resolve(first.next, { keep: "theirs", reason: "x" })).status).toBe(404);
  });

  it.each([
    ["GET", "/api/conflicts?state=lost", undefined, "state"],
    ["GET", "/api/conflicts?limit=201", undefined, "limit"],
    ["GET", "/api/conflicts/x", undefined, "id"],
    ["POST", "/api/conflicts/1/resolve", { keep: "both", reason: "x" }, "keep"],
    ["POST", "/api/conflicts/1/resolve", { keep: "mine" }, "reason"],
  ] as const)("refuses %s %s %j", async (method, url, payload, field) => {
    const { store, key } = await shop();
    const { status, body } = await store.send(method, url, payload, key);
    expect([status, body.error.code, body.error.field]).toEqual([400, "INVALID_INPUT", field]);
  });
});
