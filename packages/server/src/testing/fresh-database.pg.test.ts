import pg from "pg";
import { describe, expect, it } from "vitest";
import { freshDatabase } from "./fresh-database.ts";

describe("freshDatabase", () => {
  it("gives each caller an empty database whose owner is no superuser", async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    try {
      await run(one.url, "CREATE TABLE sale (id int)");
      const [found] = await run(
        other.url,
        "SELECT to_regclass('sale') AS sale, current_setting('is_superuser') AS super",
      );
      expect(found).toEqual({ sale: null, super: "off" });
      expect(await run(one.adminUrl, "SELECT current_setting('is_superuser') AS super")).toEqual([{ super: "on" }]);
    } finally {
      await Promise.all([one.drop(), other.drop()]);
    }
  });

  it("drops the database although someone is still connected", async () => {
    const database = await freshDatabase();
    const client = new pg.Client({ connectionString: database.url });
    client.on("error", () => {});
    await client.connect();
    await database.drop();
    await expect(run(database.url, "SELECT 1")).rejects.toThrow();
    await client.end().catch(() => {});
  });
});

async function run(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
