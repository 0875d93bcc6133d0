import pg from "pg";
import { ensureMonths, migrate } from "../db/migrate.ts";
import { openPool } from "../db/pool.ts";
import { type FreshDatabase, freshDatabase } from "./fresh-database.ts";

export interface MigratedDatabase extends FreshDatabase {
  /** As a server has it: an ordinary login that may act as the three roles. */
  readonly pool: pg.Pool;
}

/** Any moment will do; tests that look at months pass their own. */
const NOW_MS = Date.UTC(2026, 0, 16, 10);
const ROLES = ["tillsync_migrator", "tillsync_app", "tillsync_relay"];

/** A database of this release for one test file, and a pool on it. For tests. */
export async function migratedDatabase(): Promise<MigratedDatabase> {
  const database = await freshDatabase();
  await grantRoles(database);
  await migrate(database.url);
  const pool = openPool(database.url, { max: 4 });
  await ensureMonths(pool, NOW_MS);
  const drop = async () => {
    await pool.end();
    await database.drop();
  };
  return { ...database, drop, pool };
}

/** What a superuser does once for a login that may not create roles, as docs say. */
async function grantRoles(database: FreshDatabase): Promise<void> {
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  try {
    const login = pg.escapeIdentifier(decodeURIComponent(new URL(database.url).username));
    const { rows } = await admin.query<{ modern: boolean }>(
      "SELECT current_setting('server_version_num')::integer >= 160000 AS modern",
    );
    const modern = rows[0]?.modern === true;
    for (const role of ROLES) {
      // Roles belong to the cluster: other test files make the same ones at the same time.
      await admin.query(`DO $$ BEGIN CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
      await admin.query(`GRANT ${role} TO ${login}${modern ? " WITH INHERIT FALSE, SET TRUE" : ""}`);
    }
  } finally {
    await admin.end();
  }
}
