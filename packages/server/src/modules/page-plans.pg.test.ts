import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { inScope } from "../db/scope.ts";
import { type Enrolled, enroll } from "../directory/enroll.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { DELTA, MAX_PAGE_ROWS, SNAPSHOT } from "./pages.ts";

const ROWS = 60_000;

let database: MigratedDatabase;
let admin: pg.Pool;
let till: Enrolled;

beforeAll(async () => {
  database = await migratedDatabase();
  admin = openPool(database.adminUrl, { max: 1 });
  const place = { org: "demo", store: "main", currency: "KES" };
  till = await enroll(database.pool, { ...place, role: "terminal", name: "T01", terminal: { shortId: "T01" } }, 0);
  await admin.query(
    `INSERT INTO tillsync.module_row (org_id, store_id, module, id, n, row_text)
     SELECT $1, 0, 'items', n::text, 1 + n % 1000, '{"id":"' || n || '","name":"Item"}' FROM generate_series(1, ${ROWS}) n`,
    [till.orgId],
  );
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

async function planOf(statement: string, ...from: readonly unknown[]): Promise<string> {
  const values = [till.orgId, 0, "items", MAX_PAGE_ROWS, ...from];
  const { rows } = await inScope(database.pool, till, (client) =>
    client.query<{ "QUERY PLAN": string }>(`EXPLAIN ${statement}`, values),
  );
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

it.each(["before anybody counted the rows", "when they are counted"])(
  "a page reads its own rows only, in the order of an index, %s",
  async (when) => {
    if (when.startsWith("when")) await admin.query("ANALYZE tillsync.module_row");
    const snapshot = await planOf(SNAPSHOT, "4");
    expect(snapshot).toMatch(/Index Scan using module_row_pkey .*\n.*Index Cond: .*id > '4'/);
    const delta = await planOf(DELTA, 500, "4");
    expect(delta).toMatch(/Index Scan using module_row_news .*\n.*Index Cond: .*ROW\(n, id\) > ROW/);
    for (const plan of [snapshot, delta]) expect(plan).not.toMatch(/\bSort\b|Seq Scan on module_row/);
  },
);
