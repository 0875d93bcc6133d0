import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asOperator } from "../db/scope.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { findCaller } from "./authenticate.ts";
import { type Enrolment, enroll } from "./enroll.ts";
import { firstStore } from "./first-store.ts";
import { keyHash, makeKey } from "./keys.ts";
import { revoke } from "./revoke.ts";

const NOW_MS = Date.UTC(2026, 0, 16);
const TILL: Enrolment = {
  org: "demo",
  store: "main",
  currency: "KES",
  role: "terminal",
  name: "T01",
  terminal: { shortId: "T01" },
};
const ADMIN: Enrolment = { org: "demo", store: "main", currency: "KES", role: "admin", name: "head office" };
let database: MigratedDatabase;
const authenticate = (pool: pg.Pool, key: string) => findCaller(pool, keyHash(key));

beforeAll(async () => {
  database = await migratedDatabase();
});
afterAll(() => database.drop());

describe("firstStore", () => {
  it("says so while there is none", async () => {
    await expect(firstStore(database.pool)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("enroll", () => {
  it("makes organization, store and terminal once, and a further key for the same terminal", async () => {
    const first = await enroll(database.pool, TILL, NOW_MS);
    const again = await enroll(database.pool, TILL, NOW_MS);
    expect(again).toEqual({ ...first, key: again.key });
    expect(again.key).not.toBe(first.key);
    for (const { key } of [first, again]) {
      const { orgId, storeId, terminal } = first;
      expect(await authenticate(database.pool, key)).toEqual({
        orgId,
        storeId,
        role: "terminal",
        name: "T01",
        terminal,
      });
    }
  });

  it("ends with one store and one terminal when many enrol at once", async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, () => enroll(database.pool, { ...TILL, org: "crowd" }, NOW_MS)),
    );
    expect(new Set(results.map(({ storeId, terminal }) => `${storeId} ${terminal}`)).size).toBe(1);
    expect(new Set(results.map(({ key }) => key)).size).toBe(8);
  });

  it("keeps the hash of a key and never the key", async () => {
    const { key } = await enroll(database.pool, ADMIN, NOW_MS);
    const { rows } = await asOperator(database.pool, (client) =>
      client.query("SELECT k::text AS row FROM access_key k"),
    );
    const stored = JSON.stringify(rows);
    expect(stored).toContain(keyHash(key));
    expect(stored).not.toContain(key.slice(4));
  });

  it.each<[string, Enrolment]>([
    ["currency", { ...ADMIN, currency: "USD" }],
    ["terminal.shortId", { ...TILL, terminal: undefined } as unknown as Enrolment],
    ["terminal.id", { ...TILL, terminal: { shortId: "T01", id: "0198c0de-0000-4000-8000-00000000beef" } }],
    ["terminal.kind", { ...TILL, terminal: { shortId: "T01", kind: "restaurant" } }],
    ["terminal.shortId", { ...TILL, terminal: { shortId: "till 1" } }],
    ["org", { ...ADMIN, org: "" }],
    ["name", { ...ADMIN, name: "a\u0000b" }],
  ])("refuses a wrong or contradicting %s", async (field, enrolment) => {
    await expect(enroll(database.pool, enrolment, NOW_MS)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      details: { field },
    });
  });
});

describe("revoke", () => {
  it("ends all keys of that name in that store, and no other", async () => {
    const far = { org: "demo", store: "far" };
    const { key } = await enroll(database.pool, { ...TILL, ...far }, NOW_MS);
    const other = await enroll(database.pool, { ...TILL, ...far, name: "spare" }, NOW_MS);
    expect(await revoke(database.pool, { ...far, name: "T01" }, NOW_MS)).toBe(1);
    expect(await revoke(database.pool, { ...far, name: "T01" }, NOW_MS)).toBe(0);
    expect(await authenticate(database.pool, key)).toBeUndefined();
    expect(await authenticate(database.pool, other.key)).toMatchObject({ name: "spare" });
  });
});

describe("authenticate", () => {
  it("does not know a key nobody made", async () => {
    expect(await authenticate(database.pool, makeKey())).toBeUndefined();
  });
});
