import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enroll } from "../directory/enroll.ts";
import type { Scope } from "../ingest/ports.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { openPool } from "./pool.ts";
import { asOperator, inScope } from "./scope.ts";

const TILL = "0198c0de-0000-4000-8000-000000000001";
const HASH = Buffer.alloc(32);
let database: MigratedDatabase;
let mine: Scope;
let theirs: Scope;

/** Every table with a row in each of two stores. The columns after org and store, with a value for each. */
const ROWS: Readonly<Record<string, readonly [columns: string, values: readonly unknown[]]>> = {
  incarnation: [
    "terminal, incarnation, ordinal, chain_hash, first_seen_at, last_seen_at",
    [TILL, "a".repeat(16), 1, HASH, new Date(0), new Date(0)],
  ],
  change_head: [
    "terminal, incarnation, seq, hash, effect, received_at",
    [TILL, "a".repeat(16), 1, HASH, "applied", new Date(0)],
  ],
  change_body: ["terminal, incarnation, seq, received_month, body", [TILL, "a".repeat(16), 1, "2026-01-01", HASH]],
  change_private: ["terminal, incarnation, seq, private", [TILL, "a".repeat(16), 1, HASH]],
  fork: ["terminal, incarnation, seq, hash, body, received_at", [TILL, "a".repeat(16), 1, HASH, HASH, new Date(0)]],
  document: [
    "entity, local_id, state, version, business_date, occurred_at, terminal, incarnation, seq",
    ["order", "o-1", "closed", 1, "2026-01-16", new Date(0), TILL, "a".repeat(16), 1],
  ],
  order_event: [
    "local_id, event_id, event, terminal, incarnation, seq",
    ["o-1", "T01.1", "{}", TILL, "a".repeat(16), 1],
  ],
  feed_entry: [
    "n, chain, at_ms, terminal, incarnation, from_seq, to_seq, effect",
    [1, HASH, 0, TILL, "a".repeat(16), 1, 1, "applied"],
  ],
  shift_settlement: [
    "terminal, incarnation, seq, open_seq, close_seq, state, judgement, judged_at",
    [TILL, "a".repeat(16), 9, 1, 8, "settled", "{}", new Date(0)],
  ],
  day_close: ["business_date, closed_at, actor, report", ["2026-01-16", new Date(0), "Wanjiru", "{}"]],
  module_state: ["module", ["items"]],
  module_commit: [
    "module, n, hash, inserted, updated, deleted, actor, at",
    ["items", 1, HASH, 1, 0, 0, "head office", new Date(0)],
  ],
  module_row: ["module, id, n, row_text", ["items", "1", 1, "{}"]],
  task: ["kind, subject, evidence, created_at", ["paid-twice", "o-1", "{}", new Date(0)]],
  refund: ["local_id, currency, amount_minor", ["r-1", "KES", 100]],
  task_mark: ["n", [0]],
  record_merged: ["terminal, incarnation, seq", [TILL, "a".repeat(16), 1]],
  conflict: [
    "entity_type, entity_id, conflict_type, incarnation, seq, decided, created_at",
    ["order", "o-1", "ALREADY_CLOSED", "a".repeat(16), 1, "SERVER_WINS", new Date(0)],
  ],
  backup: ["terminal, sha256, name, bytes, taken_at, begun_at", [TILL, HASH, "a", 1, new Date(0), new Date(0)]],
  backup_piece: ["terminal, sha256, at_byte, piece", [TILL, HASH, 0, Buffer.of(1)]],
  assertion_used: ["key_hash, jti, until", [HASH, "once", new Date(0)]],
  device_token: ["terminal, token_ms, n, issued_at", [TILL, 1, 1, new Date(0)]],
};
/** Filled by enrolment. */
const DIRECTORY = ["store", "terminal", "feed_counter", "short_id_holder", "directory_act"];

const insert = (client: pg.PoolClient, table: string, { orgId, storeId }: Scope) => {
  const [columns, values] = ROWS[table] ?? ["", []];
  const places = values.map((_, index) => `$${index + 3}`).join(", ");
  return client.query(`INSERT INTO ${table} (org_id, store_id, ${columns}) VALUES ($1, $2, ${places})`, [
    orgId,
    storeId,
    ...values,
  ]);
};

beforeAll(async () => {
  database = await migratedDatabase();
  const join = (org: string) =>
    enroll(
      database.pool,
      { org, store: "main", currency: "KES", role: "terminal", name: "T01", terminal: { id: TILL, shortId: "T01" } },
      0,
    );
  mine = await join("mine");
  theirs = await join("theirs");
  for (const scope of [mine, theirs]) {
    for (const table of Object.keys(ROWS))
      await inScope(database.pool, scope, (client) => insert(client, table, scope));
  }
});
afterAll(() => database.drop());

describe("row security", () => {
  it("is forced on every table that names an organization, with a policy for the app", async () => {
    const { rows } = await database.pool.query<{ name: string; forced: boolean; policies: number }>(
      `SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
         (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid
           AND 'tillsync_app'::regrole = ANY (p.polroles)) AS policies
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
       WHERE n.nspname = 'tillsync' AND c.relkind IN ('r', 'p') ORDER BY 1`,
    );
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter(({ forced, policies }) => !forced || policies === 0)).toEqual([]);
  });

  it("covers every table of a store in this test", async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'store_id'
       WHERE n.nspname = 'tillsync' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([...Object.keys(ROWS), ...DIRECTORY, "access_key"].sort());
  });

  it("gives neither owner nor app any right to step around it", async () => {
    const { rows } = await database.pool.query(
      "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tillsync\\_%' AND (rolsuper OR rolbypassrls OR rolcanlogin)",
    );
    expect(rows).toEqual([]);
  });

  it.each([...Object.keys(ROWS), ...DIRECTORY])(
    "shows no row of %s without a scope, and only its own with one",
    async (table) => {
      const stores = (client: pg.PoolClient) =>
        client.query<Record<string, number>>(`SELECT org_id AS "orgId", store_id AS "storeId" FROM ${table}`);
      const all = await asSuperuser(`SELECT FROM tillsync.${table}`);
      expect(all).toBe(2);
      expect((await inScope(database.pool, { orgId: 0, storeId: 0 }, stores)).rows).toEqual([]);
      expect((await inScope(database.pool, mine, stores)).rows).toEqual([{ orgId: mine.orgId, storeId: mine.storeId }]);
      // The right store number under another organization is another store.
      expect((await inScope(database.pool, { orgId: theirs.orgId, storeId: mine.storeId }, stores)).rows).toEqual([]);
      expect((await unscoped(stores)).rows).toEqual([]);
    },
  );

  it.each(Object.keys(ROWS))("lets no transaction write a row of %s into another store", async (table) => {
    const work = inScope(database.pool, mine, (client) => insert(client, table, theirs));
    await expect(work).rejects.toThrow(/row-level security/);
    const moved = inScope(database.pool, mine, (client) =>
      client.query(`UPDATE ${table} SET org_id = $1, store_id = $2`, [theirs.orgId, theirs.storeId]),
    );
    await expect(moved).rejects.toThrow(/row-level security|permission denied/);
  });

  it("shows a store what belongs to its whole organization, and lets only the organization's scope write it", async () => {
    const whole = { orgId: mine.orgId, storeId: 0 };
    for (const table of ["module_state", "module_commit", "module_row"]) {
      await inScope(database.pool, whole, (client) => insert(client, table, whole));
      const seen = (scope: Scope) =>
        inScope(database.pool, scope, (client) => client.query(`SELECT FROM ${table} WHERE store_id = 0`));
      expect([(await seen(mine)).rowCount, (await seen(theirs)).rowCount]).toEqual([1, 0]);
      const written = inScope(database.pool, mine, (client) =>
        client.query(`UPDATE ${table} SET module = 'prices' WHERE store_id = 0`),
      );
      if (table === "module_commit") await expect(written).rejects.toThrow(/permission denied/);
      else expect((await written).rowCount).toBe(0);
      await expect(inScope(database.pool, mine, (client) => insert(client, table, whole))).rejects.toThrow(/row-level/);
    }
  });

  it("lets a device become known in its own store only", async () => {
    const make = (scope: Scope, at: Scope) =>
      inScope(database.pool, scope, (client) =>
        client.query(
          `INSERT INTO terminal (org_id, store_id, terminal, short_id, kind, created_at)
           VALUES ($1, $2, gen_random_uuid(), 'F9', 'foreign', $3)`,
          [at.orgId, at.storeId, new Date(0)],
        ),
      );
    await expect(make(mine, theirs)).rejects.toThrow(/row-level security/);
  });

  it("changes nothing of another store, whatever the statement names", async () => {
    const touched = await inScope(database.pool, mine, (client) =>
      client.query("UPDATE change_head SET effect = 'parked' WHERE org_id = $1", [theirs.orgId]),
    );
    expect(touched.rowCount).toBe(0);
  });

  it("shows the app no key, and the operator no sale", async () => {
    const keys = await inScope(database.pool, mine, (client) => client.query("SELECT * FROM access_key"));
    expect(keys.rows).toEqual([]);
    const sales = await asOperator(database.pool, (client) => client.query("SELECT * FROM change_head"));
    expect(sales.rows).toEqual([]);
  });

  it("lets the app delete nothing but private parts, and rewrite no evidence", async () => {
    for (const statement of [
      "DELETE FROM change_head",
      "DELETE FROM change_body",
      "DELETE FROM document",
      "DELETE FROM conflict",
      "UPDATE record_merged SET seq = 9",
      "UPDATE fork SET seq = 9",
    ]) {
      await expect(inScope(database.pool, mine, (client) => client.query(statement))).rejects.toThrow(
        /permission denied/,
      );
    }
  });

  it("gives the login itself nothing before it takes a role, since PostgreSQL 16", async ({ skip }) => {
    const { rows } = await database.pool.query<{ server_version_num: string }>("SHOW server_version_num");
    skip(Number(rows[0]?.server_version_num) < 160_000, "PostgreSQL 15 cannot grant a role without its rights");
    await expect(database.pool.query("SELECT * FROM tillsync.store")).rejects.toThrow(/permission denied/);
  });
});

/** As the app, with a scope that was never set. */
async function unscoped<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN; SET LOCAL ROLE tillsync_app; SET LOCAL search_path = tillsync");
    return await work(client);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}

async function asSuperuser(statement: string): Promise<number | null> {
  const pool = openPool(database.adminUrl, { max: 1 });
  const { rowCount } = await pool.query(statement);
  await pool.end();
  return rowCount;
}
