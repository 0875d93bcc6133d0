import { readdirSync, readFileSync } from "node:fs";
import { Kysely, PostgresDialect, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type pg from "pg";
import { openPool } from "./pool.ts";

/** A file works as the migrator in its schema; the list of what has run is kept by the login itself, in `public`. */
const BACK_TO_LOGIN = "SET LOCAL ROLE NONE; SET LOCAL search_path TO DEFAULT";

const FOLDER = new URL("./migrations/", import.meta.url);

/** The numbered SQL files, oldest first. A file that was released is never edited. */
function migrations(): Record<string, Migration> {
  const files = readdirSync(FOLDER).filter((file) => /^\d{4}-.*\.sql$/.test(file));
  return Object.fromEntries(
    files.map((file) => {
      const text = readFileSync(new URL(file, FOLDER), "utf8");
      const up = async (db: Kysely<unknown>) => void (await sql.raw(`${text};\n${BACK_TO_LOGIN}`).execute(db));
      return [file.replace(/\.sql$/, ""), { up }];
    }),
  );
}

/**
 * Brings the schema up to this release: every missing file in one transaction, under a lock, so that servers started
 * together wait for each other.
 *
 * @param url of a login that may create roles and a schema, or to whom the three roles were granted
 */
export async function migrate(url: string): Promise<readonly string[]> {
  // A change of a large table takes as long as it takes.
  const pool = openPool(url, { max: 1, queryTimeoutMs: 0 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: () => Promise.resolve(migrations()) },
      migrationTableName: "tillsync_migration",
      migrationLockTableName: "tillsync_migration_lock",
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    return (results ?? []).map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

/**
 * Makes the month partitions of `change_body` that are missing, this month and the next two. Called at start and daily;
 * should it ever be late, the rows of that month go to the default partition, all of them, and nothing fails.
 */
export async function ensureMonths(pool: pg.Pool, nowMs: number): Promise<void> {
  for (let ahead = 0; ahead < 3; ahead++) {
    const from = monthStart(nowMs, ahead);
    const to = monthStart(nowMs, ahead + 1);
    const name = `change_body_${from.slice(0, 7).replace("-", "_")}`;
    await pool.query(`BEGIN; SET LOCAL ROLE tillsync_migrator; SET LOCAL search_path = tillsync;
      SELECT pg_advisory_xact_lock(hashtext('tillsync.months'));
      DO $$ BEGIN
        IF to_regclass('tillsync.${name}') IS NULL THEN
          CREATE TABLE ${name} PARTITION OF change_body FOR VALUES FROM ('${from}') TO ('${to}');
          ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
          ALTER TABLE ${name} FORCE ROW LEVEL SECURITY;
          CREATE POLICY one_store ON ${name} TO tillsync_app
            USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
            WITH CHECK (org_id = scope_org() AND store_id = scope_store());
        END IF;
      EXCEPTION WHEN check_violation THEN NULL; -- we are late, and the default partition has rows of this month: it keeps them
      END $$; COMMIT`);
  }
}

function monthStart(nowMs: number, ahead: number): string {
  const now = new Date(nowMs);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 10);
}
