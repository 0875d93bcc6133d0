import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureMonths, migrate, openPool } from "@tillsync/server";
import { startPostgres } from "@tillsync/server/embedded";
import pg from "pg";

/** A PostgreSQL server with its own durable settings (fsync, full_page_writes, synchronous_commit all on). */
export interface Cluster {
  /** A database of this release's schema, empty but for what the migrations put there. */
  newDatabase(): Promise<BenchDatabase>;
  /** CPU time of all its processes so far, milliseconds; null where it cannot be told. */
  cpuMs(): number | null;
  /** Writes out what earlier rounds left, so that no contender pays for another. */
  checkpoint(): Promise<void>;
  stop(): Promise<void>;
}

export interface BenchDatabase {
  /** As its owner, an ordinary login: row security holds for it. What a server of ours gets. */
  readonly url: string;
  /** As superuser: no row security. What hand-written pipelines get. */
  readonly adminUrl: string;
  count(sql: string): Promise<number>;
  drop(): Promise<void>;
}

const SAFE = ["fsync", "full_page_writes", "synchronous_commit"];

/** The embedded server in a folder of the bench, or the one that `npm test` has running. */
export async function startCluster(folder: string, onProgress: (text: string) => void): Promise<Cluster> {
  const given = process.env.TILLSYNC_PG_URL;
  if (given !== undefined) return cluster(given, null, async () => {});
  onProgress("starting PostgreSQL");
  const postgres = await startPostgres({ dataDir: join(folder, "postgres") });
  return cluster(postgres.adminUrl, postgres.pid, () => postgres.stop("immediate"));
}

async function cluster(adminUrl: string, pid: number | null, stop: () => Promise<void>): Promise<Cluster> {
  const admin = new pg.Pool({ connectionString: adminUrl, max: 1 });
  for (const name of SAFE) {
    const { rows } = await admin.query<{ setting: string }>("SELECT current_setting($1) AS setting", [name]);
    if (rows[0]?.setting !== "on")
      throw new Error(`PostgreSQL runs with ${name} off: nothing it says would be durable`);
  }
  return {
    newDatabase: () => newDatabase(admin, adminUrl),
    cpuMs: () => (pid === null ? null : cpuOfTree(pid)),
    checkpoint: async () => {
      await admin.query("CHECKPOINT");
    },
    stop: async () => {
      await admin.end();
      await stop();
    },
  };
}

const ROLES = ["tillsync_migrator", "tillsync_app", "tillsync_relay"];

async function newDatabase(admin: pg.Pool, adminUrl: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(6).toString("hex")}`;
  await admin.query(`CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD '${name}'`);
  await admin.query(`CREATE DATABASE ${name} OWNER ${name}`);
  for (const role of ROLES) {
    await admin.query(`DO $$ BEGIN CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
    await admin.query(`GRANT ${role} TO ${name} WITH INHERIT FALSE, SET TRUE`);
  }
  const url = onDatabase(adminUrl, name, name);
  await migrate(url);
  const pool = openPool(url, { max: 1 });
  await ensureMonths(pool, Date.now());
  await pool.end();
  const own = onDatabase(adminUrl, name);
  return {
    url,
    adminUrl: own,
    count: async (sql) => {
      const client = new pg.Client({ connectionString: own });
      await client.connect();
      const { rows } = await client.query<{ count: string }>(sql).finally(() => client.end());
      return Number(rows[0]?.count);
    },
    drop: async () => {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.query(`DROP ROLE IF EXISTS ${name}`);
    },
  };
}

function onDatabase(url: string, name: string, account?: string): string {
  const result = new URL(url);
  result.pathname = `/${name}`;
  if (account !== undefined) {
    result.username = account;
    result.password = account;
  }
  return result.href;
}

/** Linux only: the postmaster, its children, and what children that ended have used. A tick is 10 ms everywhere. */
function cpuOfTree(pid: number): number | null {
  const MS_A_TICK = 10;
  try {
    let ticks = 0;
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const fields = statOf(entry);
      if (fields === undefined) continue;
      // Fields 4, 14 to 17 of proc(5): ppid, utime, stime, and both of children that were waited for.
      const [ppid, utime = 0, stime = 0, cutime = 0, cstime = 0] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]));
      if (Number(entry) === pid) ticks += utime + stime + cutime + cstime;
      else if (ppid === pid) ticks += utime + stime;
    }
    return ticks * MS_A_TICK;
  } catch {
    return null; // no /proc on this system
  }
}

/** What comes after the name in parentheses, which may hold spaces itself. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined; // it ended meanwhile
  }
}
