import { type MergePolicy, readRowChange } from "@tillsync/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listConflicts, readConflict } from "../conflicts/inbox.ts";
import { resolveConflict } from "../conflicts/resolve.ts";
import { CustomerLife, CustomerRows } from "../testing/customer-edits.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { moduleRows } from "./module-rows.ts";
import { mergeEdits } from "./writer.ts";

let world: IngestWorld;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());

const HOUR_MS = 3_600_000;

/** All shops are of one organization: each has a customer of its own. */
let customers = 0;
let tills = 0;

async function shop(policy: MergePolicy = "per-field") {
  const id = `c-${++customers}`;
  const context = { pool: world.database.pool, rows: moduleRows, policy, nowMs: world.context.nowMs };
  const store = await world.newStore();
  const rows = new CustomerRows(world.database.pool, store.scope);
  const till = async (of: TestStore = store) => new CustomerLife(await of.enrol(`T${++tills}`));
  const merge = (of: TestStore = store) => mergeEdits(context, of.scope, 0);
  const open = async (of: TestStore = store) => {
    const query = { state: undefined, limit: 50, after: undefined } as const;
    return (await listConflicts(world.database.pool, of.scope, query, "SERVER_WINS")).conflicts;
  };
  const sides = async (id: number, of: TestStore = store) => {
    const { localData, remoteData } = await readConflict(world.database.pool, of.scope, id);
    return { local: JSON.parse(localData), remote: JSON.parse(remoteData) };
  };
  const resolving = { pool: world.database.pool, ingest: world.context, records: context, devices: NO_DEVICES };
  const act = { actor: "Grace", reason: "phoned her", fields: [] };
  const resolve = (id: number, keep: "mine" | "theirs" | "merge", fields: string[] = []) =>
    resolveConflict(resolving, store.scope, { ...act, id, keep, fields });
  return { id, store, rows, context, till, merge, open, sides, resolve };
}

/** What is stored as the private part of a change becomes another text; empty: none. @returns what it was */
async function privateBecomes(terminal: string, seq: number, text: string): Promise<string> {
  type Row = { private: Buffer };
  const place = [terminal, seq];
  const gone = await world.admin.query<Row & { org_id: number; store_id: number; incarnation: string }>(
    "DELETE FROM tillsync.change_private WHERE terminal = $1 AND seq = $2 RETURNING *",
    place,
  );
  const [was] = gone.rows;
  if (text !== "")
    await world.admin.query(
      `INSERT INTO tillsync.change_private (org_id, store_id, terminal, incarnation, seq, private)
       SELECT org_id, store_id, terminal, incarnation, seq, $3 FROM tillsync.change_head WHERE terminal = $1 AND seq = $2`,
      [...place, Buffer.from(text)],
    );
  return was?.private.toString("utf8") ?? "";
}

/** Customers are edited at head office without a device. */
const NO_DEVICES = {
  named: () => Promise.reject(new Error("no device")),
  withRow: () => Promise.reject(new Error("no device")),
};

describe("customers edited on two tills without a link", () => {
  it("are merged field by field, and what does not stand is kept with both sides", async () => {
    const { id, store, rows, till, merge, open, sides } = await shop();
    const [one, two] = [await till(), await till()];
    one.edit(id, { set: { name: "Ann", phone: "1" }, exists: true, at: "08:00:00" });
    await store.send(one.request());
    await merge();
    two.edit(id, { set: { phone: "2", email: "a@x.ke" }, base: { phone: "1" }, at: "09:00:00" });
    one.edit(id, { set: { phone: "3", address: "Moi Avenue" }, base: { phone: "1" }, at: "09:30:00" });
    await store.send(one.request(2));
    await store.send(two.request());
    expect(await merge()).toBe(2);
    expect(await rows.row(id)).toEqual({ id, name: "Ann", phone: "3", email: "a@x.ke", address: "Moi Avenue" });
    const [conflict, ...others] = await open();
    expect(others).toEqual([]);
    expect(conflict).toMatchObject({
      entityType: "customer",
      entityId: id,
      conflictType: "CONCURRENT_MODIFICATION",
      resolution: "LAST_WRITE_WINS",
      state: "open",
      resolvedByUserId: null,
      local: { terminal: two.terminal, seq: 1 },
      remote: { terminal: one.terminal, seq: 2 },
    });
    expect(await sides(conflict?.id ?? 0)).toEqual({ local: { phone: "2" }, remote: { phone: "3" } });
  });

  it("come to the same whatever came first, with clocks a day off", async () => {
    const states: unknown[] = [];
    for (const order of [0, 1]) {
      const { id, store, rows, till, merge } = await shop();
      const [fast, slow] = [await till(), await till()];
      // In truth 06:00 and 07:00; one clock is 3 h ahead, the other 5 h behind, and both tills know.
      fast.edit(id, {
        set: { name: "Fast", phone: "1" },
        exists: true,
        at: "09:00:00",
        clockOffsetMs: -3 * HOUR_MS,
      });
      slow.edit(id, { set: { name: "Slow" }, exists: true, at: "02:00:00", clockOffsetMs: 5 * HOUR_MS });
      for (const life of order === 0 ? [fast, slow] : [slow, fast]) {
        await store.send(life.request());
        await merge();
      }
      states.push({ ...Object(await rows.row(id)), id: "c" });
    }
    expect(states).toEqual([
      { id: "c", name: "Slow", phone: "1" },
      { id: "c", name: "Slow", phone: "1" },
    ]);
  });

  it("count each edit once, however often it is merged, and add up what totals change by", async () => {
    const { id, store, rows, till, merge } = await shop();
    const [one, two] = [await till(), await till()];
    one.edit(id, { set: { name: "Ann" }, add: { points: 10 }, exists: true, at: "08:00:00" });
    two.edit(id, { add: { points: -3, creditMinor: 500 }, at: "08:00:01" });
    await store.send(one.request());
    await store.send(two.request());
    const writes = await rows.writes();
    expect(await Promise.all([merge(), merge()])).toEqual(expect.arrayContaining([2, 0]));
    expect(await merge()).toBe(0);
    expect((await rows.writes()) - writes).toBe(1);
    const { rows: states } = await world.admin.query("SELECT totals FROM tillsync.record_state WHERE id = $1", [id]);
    expect(states).toContainEqual({ totals: { points: 7, creditMinor: 500 } });
  });
});

describe("what is found of a customer by edits, imports and deletions", () => {
  it("stays deleted when a till edits it that did not know; keeping that edit brings it back", async () => {
    const { id, store, rows, till, merge, open, sides, resolve } = await shop();
    const [one, two] = [await till(), await till()];
    one.edit(id, { set: { name: "Ann" }, exists: true, at: "08:00:00" });
    one.edit(id, { exists: false, base: { name: "Ann" }, at: "08:30:00" });
    two.edit(id, { set: { phone: "2" }, at: "09:00:00" });
    await store.send(one.request());
    await store.send(two.request());
    await merge();
    expect(await rows.row(id)).toBeUndefined();
    const [conflict] = await open();
    expect(conflict).toMatchObject({ conflictType: "DELETED_ITEM", local: { terminal: two.terminal } });
    expect(await sides(conflict?.id ?? 0)).toEqual({ local: { phone: "2" }, remote: { deleted: true } });
    await resolve(conflict?.id ?? 0, "mine");
    expect(await rows.row(id)).toEqual({ id, name: "Ann", phone: "2" });
  });

  it("counts an import as head office's write, at its time", async () => {
    const { id, store, rows, till, merge, open } = await shop();
    const at = (time: string) => Date.parse(`2026-01-16T${time}.000Z`);
    await rows.put({ ...readRowChange("customers", { id, name: "Old", phone: "0" }) }, at("06:00:00"));
    const one = await till();
    one.edit(id, { set: { phone: "1" }, base: { phone: "0" }, at: "07:00:00" });
    await store.send(one.request());
    await merge();
    expect(await rows.row(id)).toEqual({ id, name: "Old", phone: "1" });
    expect(await open()).toEqual([]);
    await rows.put({ ...readRowChange("customers", { id, name: "Old", phone: "9" }) }, at("08:00:00"));
    one.edit(id, { set: { phone: "2" }, base: { phone: "1" }, at: "07:30:00" });
    one.edit(id, { set: { name: "New" }, base: { name: "Old" }, at: "07:45:00" });
    await store.send(one.request(2));
    await merge();
    expect(await rows.row(id)).toEqual({ id, name: "New", phone: "9" });
    expect(await open()).toMatchObject([{ local: { terminal: one.terminal, seq: 2 }, remote: null }]);
    await rows.put({ id, deleted: true }, at("09:00:00"));
    one.edit(id, { set: { phone: "3" }, base: { phone: "9" }, at: "08:30:00" });
    await store.send(one.request(4));
    await merge();
    expect(await rows.row(id)).toBeUndefined();
    expect((await open())[0]).toMatchObject({ conflictType: "DELETED_ITEM", local: { seq: 4 } });
  });

  it("tells a conflict in the store of whoever lost, of whatever store the winner is", async () => {
    const { id, store, till, merge, open, sides } = await shop();
    const other = await world.newStore();
    const [here, there] = [await till(), await till(other)];
    here.edit(id, { set: { name: "Here" }, at: "08:00:00" });
    await store.send(here.request());
    await merge();
    there.edit(id, { set: { name: "There" }, at: "09:00:00" });
    await other.send(there.request());
    await merge(other);
    expect(await open(other)).toEqual([]);
    const [conflict] = await open();
    expect(conflict).toMatchObject({ local: { terminal: here.terminal }, remote: { shortId: null } });
    expect(await sides(conflict?.id ?? 0)).toEqual({ local: { name: "Here" }, remote: { name: "There" } });
    await expect(sides(conflict?.id ?? 0, other)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("keeps an edit that makes no customer, and lets what stands stand", async () => {
    const { id, store, rows, till, merge, open, sides } = await shop();
    const one = await till();
    one.edit(id, { set: { name: "Ann" }, exists: true, at: "08:00:00" });
    one.edit(id, { set: { shoeSize: 41 }, at: "08:10:00" });
    one.edit(id, { set: { phone: "1" }, at: "08:20:00" });
    await store.send(one.request());
    await merge();
    expect(await rows.row(id)).toEqual({ id, name: "Ann", phone: "1" });
    const [conflict] = await open();
    expect(conflict).toMatchObject({ conflictType: "BODY_INVALID", resolution: "SERVER_WINS" });
    expect(await sides(conflict?.id ?? 0)).toEqual({ local: { shoeSize: 41 }, remote: { shoeSize: null } });
  });

  it.each(["", "{}"])(
    "waits for the right private part of an edit where it is lost or another one (%j), and goes on",
    async (wrong) => {
      const { id, store, rows, till, merge } = await shop();
      const one = await till();
      one.edit(id, { set: { name: "Ann" }, exists: true, at: "08:00:00" });
      one.edit(id, { set: { phone: "1" }, base: {}, at: "08:10:00" });
      one.edit(id, { set: { email: "a@x.ke" }, base: {}, at: "08:20:00" });
      await store.send(one.request());
      const right = await privateBecomes(one.terminal, 2, wrong);
      expect(await merge()).toBe(2);
      expect(await rows.row(id)).toEqual({ id, name: "Ann", email: "a@x.ke" });
      await privateBecomes(one.terminal, 2, right);
      expect(await merge()).toBe(1);
      expect(await rows.row(id)).toEqual({ id, name: "Ann", email: "a@x.ke", phone: "1" });
    },
  );

  it("goes on behind a whole turn of edits that cannot be read", async () => {
    const { id, store, rows, till, merge } = await shop();
    const [one, two] = [await till(), await till()];
    for (let nth = 0; nth < 210; nth++) one.edit(id, { set: { phone: String(nth) }, at: "08:00:00" });
    two.edit(id, { set: { name: "Ann" }, exists: true, at: "09:00:00" });
    await store.send(one.request());
    await store.send(two.request());
    await world.admin.query("UPDATE tillsync.change_private SET private = '' WHERE terminal = $1", [one.terminal]);
    expect(await merge()).toBe(1);
    expect(await rows.row(id)).toEqual({ id, name: "Ann" });
  });

  it("merges nothing of an edit whose private part was erased, and goes on", async () => {
    const { id, store, rows, till, merge } = await shop();
    const one = await till();
    one.edit(id, { set: { name: "Ann" }, exists: true, at: "08:00:00" });
    one.edit(id, { set: { phone: "1" }, add: { points: 4 }, at: "08:10:00" });
    await store.send(one.request());
    await privateBecomes(one.terminal, 2, "erased");
    await merge();
    expect(await rows.row(id)).toEqual({ id, name: "Ann" });
  });

  it("waits for bytes that are damaged, and merges what came after them", async () => {
    const { id, store, rows, till, merge } = await shop();
    const one = await till();
    one.edit(id, { set: { name: "Ann" }, exists: true, at: "08:00:00" });
    one.edit(id, { set: { phone: "1" }, at: "08:10:00" });
    await store.send(one.request());
    const at = [one.terminal, one.wires[0]?.body];
    const put = (bytes: string) =>
      world.admin.query(
        "UPDATE tillsync.change_body SET body = $3 WHERE terminal = $1 AND seq = 1 AND $2::text <> ''",
        [...at, bytes],
      );
    await put("no JSON");
    expect(await merge()).toBe(1);
    expect(await rows.row(id)).toEqual({ id, name: "", phone: "1" });
    await put(one.wires[0]?.body ?? "");
    expect(await merge()).toBe(1);
    expect(await rows.row(id)).toEqual({ id, name: "Ann", phone: "1" });
  });
});

describe("resolving", () => {
  async function conflicting(policy: MergePolicy = "per-field") {
    const world = await shop(policy);
    const { id, store, till, merge, open } = world;
    const [one, two] = [await till(), await till()];
    one.edit(id, { set: { name: "Ann", phone: "1", email: "1@x" }, exists: true, at: "09:00:00" });
    two.edit(id, { set: { name: "Bea", phone: "2", email: "2@x" }, exists: true, at: "08:00:00" });
    await store.send(one.request());
    await store.send(two.request());
    await merge();
    const [conflict] = await open();
    return { ...world, conflict: conflict?.id ?? 0 };
  }

  it.each([
    ["mine", [], { name: "Bea", phone: "2", email: "2@x" }, "KEEP_MINE"],
    ["theirs", [], { name: "Ann", phone: "1", email: "1@x" }, "KEEP_THEIRS"],
    ["merge", ["phone"], { name: "Ann", phone: "2", email: "1@x" }, "MERGED"],
  ] as const)("keeps %s, once, and says who and why", async (keep, fields, stands, resolution) => {
    const { id, rows, conflict, resolve, open } = await conflicting();
    const resolved = await resolve(conflict, keep, [...fields]);
    expect(await rows.row(id)).toEqual({ id, ...stands });
    expect(resolved).toMatchObject({
      ...{ state: "resolved", resolution, resolvedByUserId: "Grace", reason: "phoned her" },
      history: [
        { what: "LAST_WRITE_WINS", by: "centre" },
        { what: resolution, by: "Grace", reason: "phoned her" },
      ],
    });
    expect(await open()).toEqual([resolved]);
    await expect(resolve(conflict, "mine")).rejects.toMatchObject({ code: "CONFLICT_RESOLVED" });
    expect(await rows.row(id)).toEqual({ id, ...stands });
  });

  it("twice at the same moment counts once", async () => {
    const { id, rows, conflict, resolve } = await conflicting();
    const both = await Promise.allSettled([resolve(conflict, "mine"), resolve(conflict, "merge", ["email"])]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const isMine = both[0]?.status === "fulfilled";
    expect(await rows.row(id)).toMatchObject({ name: isMine ? "Bea" : "Ann", email: "2@x" });
  });

  it("refuses fields that did not lose, and nothing chosen", async () => {
    const { conflict, resolve } = await conflicting();
    for (const fields of [["address"], []])
      await expect(resolve(conflict, "merge", fields)).rejects.toMatchObject({
        code: "INVALID_INPUT",
        details: { field: "fields" },
      });
  });

  it.each([
    ["client-wins", "Bea", "CLIENT_WINS"],
    ["server-wins", "Ann", "SERVER_WINS"],
    ["manual", "Ann", "MANUAL"],
  ] as const)("lets a shop choose %s", async (policy, name, decided) => {
    const { id, rows, open } = await conflicting(policy);
    expect(await rows.row(id)).toMatchObject({ name });
    expect(await open()).toMatchObject([{ resolution: decided, state: "open" }]);
  });

  it("stands against a till's older edit that comes later", async () => {
    const { id, store, rows, till, merge, conflict, resolve } = await conflicting();
    await resolve(conflict, "mine");
    const late = await till();
    late.edit(id, { set: { name: "Late" }, base: { name: "Ann" }, at: "09:30:00" });
    await store.send(late.request());
    await merge();
    expect(await rows.row(id)).toMatchObject({ name: "Bea" });
  });
});
