import { request } from "node:http";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { LIMITS, parseModuleCursor } from "@tillsync/protocol";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { inScope } from "../db/scope.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { ModuleCopy, ModuleWorld } from "../testing/module-world.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { editRows } from "./edit-rows.ts";
import { ORGANIZATION } from "./place.ts";

let database: MigratedDatabase;
let admin: pg.Pool;
let organizations = 0;

beforeAll(async () => {
  database = await migratedDatabase();
  admin = openPool(database.adminUrl, { max: 2 });
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

const world = (more: object = {}) => ModuleWorld.open(database.pool, { org: `org-${++organizations}`, ...more });
const item = (id: string, name = `Item ${id}`) => ({ id, name });
const items = (count: number) => Array.from({ length: count }, (_, n) => item(String(n).padStart(6, "0")));
const hashOf = (rows: readonly object[]) => {
  const copy = new ModuleCopy();
  for (const row of rows) copy.rows.set((row as { id: string }).id, canonical(row));
  return copy.ownHash("items");
};
const canonical = (row: object) => JSON.stringify(Object.fromEntries(Object.entries(row).sort()));

describe("PUT /api/admin/modules/{module}", () => {
  it("counts what it made, and changes nothing when the same comes again", async () => {
    const shop = await world();
    const first = await shop.put("items", items(3));
    const counts = { module: "items", scope: "organization", flagged: 0, missingReferences: 0 };
    expect(first.body).toEqual({ ...counts, n: 1, inserted: 3, updated: 0, deleted: 0, unchanged: 0 });
    const again = await shop.put("items", items(3));
    expect(again.body).toEqual({ ...counts, n: 1, inserted: 0, updated: 0, deleted: 0, unchanged: 3 });
    const changes = [
      item("000001", "Other"),
      { id: "000002", deleted: true },
      { id: "none", deleted: true },
      item("x"),
    ];
    expect((await shop.put("items", changes)).body).toEqual({
      ...{ ...counts, n: 2, inserted: 1, updated: 1, deleted: 1, unchanged: 1 },
    });
    const [{ header, lines } = { header: undefined, lines: [] }] = await shop.pages("items", {});
    expect(lines.map((line) => JSON.parse(line))).toEqual([item("000000"), item("000001", "Other"), item("x")]);
    expect(header).toMatchObject({ n: 2, rows: 3, hash: hashOf([item("000000"), item("000001", "Other"), item("x")]) });
  });

  it("counts the last of several lines with one id", async () => {
    const shop = await world();
    const rows = [
      item("a", "one"),
      { id: "b", deleted: true },
      item("a", "two"),
      item("b"),
      { id: "b", deleted: true },
    ];
    expect((await shop.put("items", rows)).body).toMatchObject({ inserted: 1, deleted: 0, unchanged: 4 });
    expect((await shop.page("items", {})).lines).toEqual(['{"id":"a","name":"two"}']);
  });

  it("brings a deleted row back", async () => {
    const shop = await world();
    await shop.put("items", [item("a")]);
    await shop.put("items", [{ id: "a", deleted: true }]);
    expect((await shop.put("items", [item("a")])).body).toMatchObject({ n: 3, inserted: 1 });
    expect((await shop.page("items", {})).header).toMatchObject({ rows: 1, hash: hashOf([item("a")]) });
  });

  it("refuses the whole for one bad line, which it names, and keeps nothing", async () => {
    const shop = await world();
    const rows = [...items(20_000), { id: "bad", name: 17 }, item("later")];
    const { status, body } = await shop.put("items", rows);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "INVALID_INPUT", line: 20_001, field: "name" });
    expect(body.error.message).toMatch(/^Line 20001: name: /);
    const noJson = await shop.put("items", '{"id":"a","name":"x"}\n\n{"id":"b",\n');
    expect(noJson.body.error).toMatchObject({ code: "INVALID_JSON", line: 3 });
    const noRows = await shop.put("items", "[]\n17\nnull\n");
    expect(noRows.body.error).toMatchObject({ code: "INVALID_INPUT", line: 1 });
    expect((await shop.page("items", {})).header).toMatchObject({ n: 0, rows: 0, hash: "0".repeat(64), next: null });
    const { rows: left } = await admin.query("SELECT FROM tillsync.module_row WHERE org_id = $1", [shop.admin.orgId]);
    expect(left).toEqual([]);
  });

  it("takes CSV with a header, with deletions, and flags what is wrong with barcodes", async () => {
    const shop = await world();
    await shop.put("items", 'id,name,isWeighed,attributes.shelf,deleted\r\n1,"Tea, black",,A7,\r\n2,Rice,yes,,\r\n', {
      type: "text/csv; charset=utf-8",
    });
    expect((await shop.page("items", {})).lines).toEqual([
      '{"attributes":{"shelf":"A7"},"id":"1","name":"Tea, black"}',
      '{"id":"2","isWeighed":true,"name":"Rice"}',
    ]);
    const barcodes = "id,itemId,barcode,deleted\n1,1,036000291452,\n2,1,036000291453,no\n3,99,ABC,0\n4,1,,true\n";
    const { body } = await shop.put("itemBarcodes", barcodes, { type: "text/csv" });
    expect(body).toMatchObject({ inserted: 3, unchanged: 1, flagged: 2, missingReferences: 1 });
    const wrong = await shop.put("items", "id,name,isWeighed\n1,Tea,perhaps\n", { type: "text/csv" });
    expect(wrong.body.error).toMatchObject({ code: "INVALID_INPUT", line: 2, field: "isWeighed" });
    const unnamed = await shop.put("items", "name\nTea\n", { type: "text/csv" });
    expect(unnamed.body.error).toMatchObject({ code: "INVALID_INPUT", line: 1, field: "id" });
    const broken = await shop.put("items", 'id,name\n1,"Tea\n', { type: "text/csv" });
    expect(broken.body.error).toMatchObject({ code: "INVALID_INPUT", expected: "CSV (RFC 4180)" });
    const stray = await shop.put("items", 'id,na"me\n1,Tea\n', { type: "text/csv" });
    expect(stray.body.error).toMatchObject({ code: "INVALID_INPUT", expected: "CSV (RFC 4180)" });
    const latin1 = await shop.put("items", Buffer.from("id,name\n1,caf\xe9\n", "latin1"), { type: "text/csv" });
    expect(latin1.body.error).toMatchObject({ code: "INVALID_JSON", expected: "UTF-8" });
  });

  it("takes a list in JSON, and packed streams", async () => {
    const shop = await world();
    const json = JSON.stringify({ rows: [item("a"), { id: "b", deleted: true }] });
    expect((await shop.put("items", json, { type: "application/json" })).body).toMatchObject({ n: 1, inserted: 1 });
    const text = Buffer.from(`${canonical(item("ü"))}\n`.repeat(3));
    for (const [encoding, packed] of [
      ["gzip", gzipSync(text)],
      ["zstd", zstdCompressSync(text)],
    ] as const) {
      const headers = { "content-encoding": encoding };
      const { body } = await shop.put("items", packed, { headers });
      expect(body).toMatchObject({ n: 2, unchanged: encoding === "gzip" ? 2 : 3 });
    }
    const cut = gzipSync(text).subarray(0, 20);
    const refused = await shop.put("items", cut, { headers: { "content-encoding": "gzip" } });
    expect(refused.body.error).toMatchObject({ code: "INVALID_JSON", field: "content-encoding" });
    const unknown = await shop.put("items", "", { headers: { "content-encoding": "br" } });
    expect(unknown.body.error).toMatchObject({ code: "UNSUPPORTED_ENCODING" });
    const latin1 = Buffer.from('{"id":"a","name":"caf\xe9"}\n', "latin1");
    expect((await shop.put("items", latin1)).body.error).toMatchObject({ code: "INVALID_JSON", expected: "UTF-8" });
  });

  it("knows the modules by name, and takes rows nowhere else", async () => {
    const shop = await world();
    expect((await shop.put("colours", [item("a")])).body.error).toMatchObject({ code: "NOT_FOUND" });
    expect((await shop.put("items", [item("a")], { scope: "world" })).body.error).toMatchObject({ field: "scope" });
    const headers = { authorization: `Bearer ${shop.till.key}`, "content-type": "application/x-ndjson" };
    const elsewhere = await shop.app.inject({ method: "POST", url: "/api/sync/exchange", headers, payload: "{}" });
    expect(elsewhere.json().error).toMatchObject({ code: "UNSUPPORTED_ENCODING" });
  });

  it("counts references to what is there in the organization or the store", async () => {
    const shop = await world();
    await shop.put("items", [item("org")]);
    await shop.put("items", [item("own")], { scope: "store" });
    const price = (id: string, itemId: string) => ({
      ...{ id, itemId, price: "1.50", currency: "KES", effectiveFrom: "2026-01-16T00:00:00.000Z" },
    });
    const prices = [price("1", "org"), price("2", "own"), price("3", "none")];
    expect((await shop.put("prices", prices, { scope: "store" })).body).toMatchObject({ missingReferences: 1 });
    expect((await shop.put("prices", prices)).body).toMatchObject({ inserted: 3, missingReferences: 2 });
    const offer = { id: "o", name: "x", offerType: "percent", value: "5", effectiveFrom: "2026-01-16T00:00:00.000Z" };
    const offers = [
      { ...offer, itemIds: ["org", "none", "never"] },
      { ...offer, id: "p", itemIds: ["org"] },
    ];
    expect((await shop.put("offers", offers)).body).toMatchObject({ inserted: 2, missingReferences: 1 });
  });
});

describe("an import that breaks off", () => {
  const standing = async (shop: ModuleWorld) => (await shop.page("items", {})).header;

  it("leaves nothing when the database ends its connection behind the last line, and can be sent again", async () => {
    const shop = await world();
    await shop.put("items", items(10));
    const before = await standing(shop);
    const holder = await admin.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM tillsync.module_state WHERE org_id = $1 FOR UPDATE", [shop.admin.orgId]);
    const broken = shop.put("items", [...items(5).map(({ id }) => ({ id, deleted: true })), item("new")]);
    const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    let pid: number | undefined;
    while (pid === undefined) pid = (await admin.query<{ pid: number }>(waiting)).rows[0]?.pid;
    await admin.query("SELECT pg_terminate_backend($1)", [pid]);
    expect((await broken).body.error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
    await holder.query("ROLLBACK");
    holder.release();
    expect(await standing(shop)).toEqual(before);
    expect((await shop.put("items", [item("new")])).body).toMatchObject({ n: 2, inserted: 1 });
  });

  it("leaves nothing when whoever sends it goes away in the middle, and lets the next one in", async () => {
    const shop = await world();
    const url = new URL(await shop.app.listen({ host: "127.0.0.1", port: 0 }));
    const headers = { authorization: `Bearer ${shop.admin.key}`, "content-type": "application/x-ndjson" };
    const sent = request(url, { method: "PUT", path: "/api/admin/modules/items?scope=organization", headers });
    const closed = new Promise((resolve) => sent.on("error", () => {}).on("close", resolve));
    sent.write(
      items(30_000)
        .map((row) => `${canonical(row)}\n`)
        .join(""),
      () => sent.destroy(),
    );
    await closed;
    expect((await shop.put("items", items(2))).body).toMatchObject({ n: 1, inserted: 2 });
    await shop.app.close();
  });
});

describe("GET /api/sync/modules/{module}", () => {
  it("gives the whole in the order of its keys' bytes, page by page", async () => {
    const shop = await world();
    const ids = ["a", "B", "é", "ﬀ", "😀", "10", "9", '"', "\\", "a b", "a/b?c=d&e"];
    await shop.put(
      "items",
      ids.map((id) => item(id)),
    );
    const pages = await shop.pages("items", { limit: "3" });
    expect(pages.map(({ lines }) => lines.length)).toEqual([3, 3, 3, 2]);
    const got = pages.flatMap(({ lines }) => lines.map((line) => JSON.parse(line).id));
    expect(got).toEqual([...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  it("ends a page where it is full, however large its rows are", async () => {
    const shop = await world();
    const small = items(3000);
    const large = Array.from({ length: 40 }, (_, n) => ({
      ...item(`z${n}`),
      attributes: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, "x".repeat(490)])),
    }));
    await shop.put("items", [...small, ...large]);
    const pages = await shop.pages("items", {});
    const sizes = pages.map(({ lines }) => lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0));
    expect(Math.max(...sizes)).toBeLessThan(LIMITS.maxPageBytes + LIMITS.maxRowBytes);
    expect(pages.flatMap(({ lines }) => lines)).toHaveLength(3040);
    const copy = new ModuleCopy();
    copy.take(pages);
    expect(copy.ownHash("items")).toBe(copy.hash);
  });

  it("joins a snapshot with what changed while it was fetched", async () => {
    const shop = await world();
    await shop.put("items", items(10));
    const copy = new ModuleCopy();
    const first = await shop.page("items", { limit: "5" });
    await shop.put("items", [item("000001", "Other"), { id: "000007", deleted: true }, item("000009", "New")]);
    const rest = await shop.pages("items", { after: first.header.next ?? "", limit: "5" });
    copy.take([first, ...rest]);
    copy.take(await shop.pages("items", { since: copy.cursor }));
    expect(copy.rows.get("000001")).toBe(canonical(item("000001", "Other")));
    expect(copy.rows.has("000007")).toBe(false);
    expect(copy.ownHash("items")).toBe(copy.hash);
  });

  it("tells each change once, tombstones too, page by page", async () => {
    const shop = await world();
    await shop.put("items", items(10));
    const { cursor } = (await shop.page("items", {})).header;
    await shop.put("items", [item("000001", "One"), { id: 'a"b', deleted: true }, item('a"b')]);
    await shop.put("items", [item("000001", "Two"), { id: "000002", deleted: true }, { id: "000003", deleted: true }]);
    await shop.put("items", [item("000004", "x"), item("000005", "x"), { id: "000006", deleted: true }]);
    const pages = await shop.pages("items", { since: cursor, limit: "2" });
    const lines = pages.flatMap(({ lines }) => lines);
    expect(lines).toHaveLength(7);
    expect(lines).toContain('{"deleted":true,"id":"000002"}');
    expect(lines.filter((line) => line.includes("000001"))).toEqual([canonical(item("000001", "Two"))]);
    const copy = new ModuleCopy();
    copy.take(await shop.pages("items", {}));
    const before = copy.ownHash("items");
    copy.take(await shop.pages("items", { since: copy.cursor }));
    expect(copy.ownHash("items")).toBe(before);
  });

  it("answers FEED_RESET to a cursor of another history", async () => {
    const shop = await world();
    await shop.put("items", items(3));
    const { cursor } = (await shop.page("items", {})).header;
    const { epoch, n } = parseModuleCursor(cursor);
    const reset = async (since: string, scope = "organization") =>
      (await shop.get(`/api/sync/modules/items?scope=${scope}&since=${encodeURIComponent(since)}`)).status;
    expect(await reset(cursor)).toBe(200);
    expect(await reset(cursor, "store")).toBe(410);
    expect(await reset(cursor.replace(epoch, "0198c0de-0000-4000-8000-000000000001"))).toBe(410);
    expect(await reset(cursor.replace(`.${n}.`, `.${n + 1}.`))).toBe(410);
    expect(await reset(cursor.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).toBe(410);
    expect(await reset("nonsense")).toBe(410);
    expect(await reset(`${epoch}.0.0.${"0".repeat(32)}`)).toBe(200);
  });

  it("keeps tills of one kind out of what is for others", async () => {
    const shop = await world();
    const display = await ModuleWorld.open(database.pool, { org: `org-${organizations}`, kind: "kitchen-display" });
    expect((await display.gateway()).map(({ module }) => module)).toEqual(["items", "items", "settings", "settings"]);
    const { status, body } = await display.get("/api/sync/modules/users?scope=organization");
    expect([status, JSON.parse(body).error.code]).toEqual([403, "FORBIDDEN"]);
    expect((await display.get("/api/sync/modules/items?scope=organization")).status).toBe(200);
    expect((await shop.get("/api/sync/modules/users?scope=organization")).status).toBe(200);
    expect((await shop.get("/api/sync/modules/users?scope=organization", shop.admin.key)).status).toBe(200);
  });
});

describe("scopes", () => {
  it("a store reads its own rows and the organization's, and another store only the latter", async () => {
    const org = `org-${++organizations}`;
    const [here, there] = [
      await ModuleWorld.open(database.pool, { org }),
      await ModuleWorld.open(database.pool, { org, store: "B" }),
    ];
    await here.put("items", [item("org")]);
    await here.put("items", [item("own")], { scope: "store" });
    const ids = async (shop: ModuleWorld, scope: string) =>
      (await shop.page("items", { scope })).lines.map((line) => JSON.parse(line).id);
    expect([await ids(here, "organization"), await ids(here, "store")]).toEqual([["org"], ["own"]]);
    expect([await ids(there, "organization"), await ids(there, "store")]).toEqual([["org"], []]);
    const stranger = await world();
    expect([await ids(stranger, "organization"), await ids(stranger, "store")]).toEqual([[], []]);
  });
});

describe("GET /api/sync/gateway", () => {
  it("names every module after what it depends on, with what is new to this till", async () => {
    const shop = await world();
    await shop.put("items", items(5));
    const all = await shop.gateway();
    expect(all).toHaveLength(16);
    for (const [index, { dependsOn }] of all.entries())
      for (const parent of dependsOn) expect(all.findIndex(({ module }) => module === parent)).toBeLessThan(index);
    const [mine] = all;
    const bytes = items(5).reduce((sum, row) => sum + canonical(row).length + 1, 0);
    expect(mine).toMatchObject({ module: "items", scope: "organization", n: 1, rows: 5, news: 5, bytes });
    expect(mine?.hash).toBe(hashOf(items(5)));
    const have = `items.organization.${mine?.cursor}`;
    expect((await shop.gateway(have))[0]).toMatchObject({ news: 0 });
    await shop.put("items", [item("000001", "Other"), { id: "000002", deleted: true }]);
    expect((await shop.gateway(have, "items.store.nonsense", "nothing"))[0]).toMatchObject({ n: 2, rows: 4, news: 2 });
    expect((await shop.gateway(have.replace(/.$/, "g")))[0]).toMatchObject({ news: 4 });
  });

  it("takes the longest list that a till can send", async () => {
    const shop = await world();
    const all = await shop.gateway();
    const have = all.map(
      ({ module, scope, cursor }) => `${module}.${scope}.${cursor.replace(".0.", ".123456789012345.")}`,
    );
    expect(await shop.gateway(...have)).toHaveLength(16);
  });
});

describe("editRows", () => {
  it("writes with one number in a transaction that does more, in either scope", async () => {
    const shop = await world();
    const { orgId, storeId } = shop.admin;
    const customer = { id: "c1", text: '{"id":"c1","name":"Wanjiru"}', deleted: false } as const;
    const act = { actor: "T01", nowMs: 0 };
    const applied = await inScope(database.pool, { orgId, storeId }, async (client) => {
      const result = await editRows(client, { orgId, storeId: ORGANIZATION, module: "customers" }, [customer], act);
      const { rows } = await client.query("SELECT store_id FROM store");
      expect(rows).toEqual([{ store_id: storeId }]);
      return result;
    });
    expect(applied).toEqual({ n: 1, inserted: 1, updated: 0, deleted: 0 });
    await inScope(database.pool, { orgId, storeId }, (client) =>
      editRows(client, { orgId, storeId, module: "customers" }, [customer, { id: "c1", deleted: true }], act),
    );
    expect((await shop.page("customers", {})).lines).toEqual([customer.text]);
    expect((await shop.page("customers", { scope: "store" })).header).toMatchObject({ n: 0, rows: 0 });
  });
});

it("the hash and sums that are kept are those of the rows, after many imports and edits", async () => {
  const shop = await world();
  const { below: random } = seededRandom(7);
  for (let round = 0; round < 30; round++) {
    const rows = Array.from({ length: 1 + random(200) }, () => {
      const id = String(random(300));
      return random(4) === 0 ? { id, deleted: true } : item(id, `Name ${random(5)} é`);
    });
    expect((await shop.put("items", rows)).status).toBe(200);
  }
  const copy = new ModuleCopy();
  copy.take(await shop.pages("items", { limit: "50" }));
  expect(copy.ownHash("items")).toBe(copy.hash);
  const [mine] = await shop.gateway();
  const bytes = [...copy.rows.values()].reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  expect(mine).toMatchObject({ rows: copy.rows.size, bytes, hash: copy.hash });
});
