import { SyncError } from "@tillsync/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { asOperator, inRelay, inScope } from "./scope.ts";

const SCOPE = { orgId: 1, storeId: 1 };
let database: MigratedDatabase;

beforeAll(async () => {
  database = await migratedDatabase();
  await asOperator(database.pool, async (client) => {
    await client.query("INSERT INTO organization (code, created_at) VALUES ('a', $1)", [new Date(0)]);
    await client.query("INSERT INTO store (org_id, code, currency, created_at) VALUES (1, 'one', 'KES', $1)", [
      new Date(0),
    ]);
    await client.query("INSERT INTO feed_counter (org_id, store_id) VALUES (1, 1)");
  });
});
afterAll(() => database.drop());

const counter = () =>
  inScope(
    database.pool,
    SCOPE,
    async (client) => (await client.query<{ n: number }>("SELECT n FROM feed_counter")).rows[0]?.n,
  );
const count = (client: pg.PoolClient) => client.query("UPDATE feed_counter SET n = n + 1");

describe("inScope", () => {
  it("leaves nothing of its scope on the connection", async () => {
    const one = new pg.Pool({ connectionString: database.url, max: 1 });
    await inScope(one, SCOPE, (client) => client.query("SELECT 1"));
    const { rows } = await one.query(
      "SELECT current_user = session_user AS login, current_setting('tillsync.org', true) AS org, current_setting('search_path') AS path",
    );
    expect(rows).toEqual([{ login: true, org: "", path: '"$user", public' }]);
    await one.end();
  });

  it("undoes everything when the work throws, and gives the error back as it was", async () => {
    const before = await counter();
    const mistake = new TypeError("mine");
    const work = inScope(database.pool, SCOPE, async (client) => {
      await count(client);
      throw mistake;
    });
    await expect(work).rejects.toBe(mistake);
    expect(await counter()).toBe(before);
  });

  it("refuses to commit when a failed statement was swallowed", async () => {
    const work = inScope(database.pool, SCOPE, async (client) => {
      await count(client);
      await client.query("SELECT 1/0").catch(() => {});
    });
    await expect(work).rejects.toThrow("rolled the transaction back");
  });

  it("runs a deadlocked or conflicting transaction again, five times at most", async () => {
    const before = (await counter()) ?? 0;
    let runs = 0;
    await inScope(database.pool, SCOPE, async (client) => {
      await count(client);
      runs += 1;
      if (runs < 6) await client.query("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$");
    });
    expect(runs).toBe(6);
    expect(await counter()).toBe(before + 1);

    const always = inScope(database.pool, SCOPE, async (client) => {
      runs += 1;
      await client.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
    });
    await expect(always).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
    expect(runs).toBe(12);
  });

  it("refuses a scope that is no number instead of writing it into a statement", async () => {
    const orgId = "1'; DROP TABLE store; --" as unknown as number;
    await expect(inScope(database.pool, { orgId, storeId: 1 }, count)).rejects.toThrow(TypeError);
  });

  it("survives a backend that is killed, idle or busy, and says that it was the database", async () => {
    const kill = (pid: number | undefined) =>
      asAdmin((client) => client.query("SELECT pg_terminate_backend($1, 5000)", [pid]));
    const pid = (client: pg.PoolClient) =>
      client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid").then(({ rows }) => rows[0]?.pid);
    await kill(await inScope(database.pool, SCOPE, pid));
    const work = inScope(database.pool, SCOPE, async (client) => {
      await kill(await pid(client));
      await client.query("SELECT 1");
    });
    await expect(work).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await counter()).toBeTypeOf("number");
  });

  it("calls the outcome unknown when the connection breaks at COMMIT", async () => {
    const work = inScope(database.pool, SCOPE, async (client) => {
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await asAdmin((admin) => admin.query("SELECT pg_terminate_backend($1, 5000)", [rows[0]?.pid]));
    });
    const failure = await work.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SyncError);
    expect(failure).toMatchObject({ code: "UNAVAILABLE", retryable: true, details: { unknown: true } });
  });

  it("commits to the disk although somebody switched that off for the login", async () => {
    const login = new URL(database.url).username;
    await asAdmin((client) => client.query(`ALTER ROLE ${login} SET synchronous_commit = off`));
    const fresh = new pg.Pool({ connectionString: database.url, max: 1 });
    const show = async (client: pg.PoolClient) => (await client.query("SHOW synchronous_commit")).rows[0];
    expect(await inScope(fresh, SCOPE, show)).toEqual({ synchronous_commit: "on" });
    await fresh.end();
    await asAdmin((client) => client.query(`ALTER ROLE ${login} RESET synchronous_commit`));
  });
});

describe("inRelay", () => {
  it("reads every store and writes none", async () => {
    const { rows } = await inRelay(database.pool, (client) =>
      client.query("SELECT org_id, store_id FROM feed_counter"),
    );
    expect(rows).toEqual([{ org_id: 1, store_id: 1 }]);
    await expect(inRelay(database.pool, count)).rejects.toThrow();
  });
});

describe("openPool", () => {
  it("reads bigint as a number, never as one that lost digits, and dates as text", async () => {
    const { rows } = await database.pool.query("SELECT 9007199254740991::bigint AS n, '2026-01-16'::date AS day");
    expect(rows).toEqual([{ n: 9007199254740991, day: "2026-01-16" }]);
    await expect(database.pool.query("SELECT 9007199254740992::bigint")).rejects.toThrow("too large");
  });
});

async function asAdmin(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  await work(client);
  await client.end();
}
