import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { ensureMonths, migrate } from "./migrate.ts";
import { inScope } from "./scope.ts";

const SCOPE = { orgId: 1, storeId: 1 };
let database: MigratedDatabase;

beforeAll(async () => {
  database = await migratedDatabase();
});
afterAll(() => database.drop());

const months = async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relname LIKE 'change\\_body\\_20%' AND relkind = 'r' ORDER BY 1",
  );
  return rows.map(({ name }) => name.slice("change_body_".length));
};
const storeBody = (seq: number, month: string) =>
  inScope(database.pool, SCOPE, async (client) => {
    const { rows } = await client.query<{ place: string }>(
      `INSERT INTO change_body (org_id, store_id, terminal, incarnation, seq, received_month, body)
       VALUES (1, 1, '0198c0de-0000-4000-8000-000000000001', 'x', $1, $2, '') RETURNING tableoid::regclass::text AS place`,
      [seq, month],
    );
    return rows[0]?.place;
  });

describe("migrate", () => {
  it("does nothing the second time", async () => {
    expect(await migrate(database.url)).toEqual([]);
  });
});

describe("ensureMonths", () => {
  it("makes this month and the next two, across the end of a year, once", async () => {
    const november = Date.UTC(2031, 10, 30, 23, 59, 59);
    const before = await months();
    await Promise.all([ensureMonths(database.pool, november), ensureMonths(database.pool, november)]);
    expect(await months()).toEqual([...before, "2031_11", "2031_12", "2032_01"]);
    expect(await storeBody(1, "2031-12-01")).toBe("change_body_2031_12");
  });

  it("stores without a partition of the month, and goes on making others when it was late", async () => {
    expect(await storeBody(2, "2033-05-01")).toBe("change_body_default");
    await ensureMonths(database.pool, Date.UTC(2033, 4, 1));
    expect(await months()).not.toContain("2033_05");
    expect(await months()).toContain("2033_06");
    expect(await storeBody(3, "2033-05-01")).toBe("change_body_default");
  });
});
