import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrate } from "../db/migrate.ts";
import { openPool } from "../db/pool.ts";
import { enroll } from "../directory/enroll.ts";
import { type EmbeddedPostgres, startPostgres } from "../embedded/index.ts";
import { exchange, type IngestStore, postgresIngest } from "../ingest/index.ts";
import { sha256 } from "../ledger/sha256.ts";
import { SampleLife } from "../testing/sample-life.ts";
import { basesIn, findBackupFolder, openBackupFolder } from "./backup-folder.ts";
import { reachCluster } from "./reach-cluster.ts";
import { readContents } from "./read-marks.ts";
import { restoreServer } from "./restore-server.ts";
import { takeBackup } from "./take-backup.ts";
import { WalArchive } from "./wal-archive.ts";

const root = mkdtempSync(join(tmpdir(), "tillsync-backup-"));
const at = (name: string) => join(root, name);
const log = () => {};
const options = { log, nowMs: () => Date.now(), actor: "a test" };
let postgres: EmbeddedPostgres;
let life: SampleLife;
let scope: { orgId: number; storeId: number };
let store: IngestStore;
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: at("server") });
  await migrate(postgres.url);
  pool = openPool(postgres.url, { max: 4 });
  const till = {
    org: "demo",
    store: "main",
    currency: "KES",
    role: "terminal",
    name: "T01",
    terminal: { shortId: "T01" },
  };
  const { orgId, storeId, terminal = "" } = await enroll(pool, { ...till, role: "terminal" }, 0);
  scope = { orgId, storeId };
  life = new SampleLife(terminal);
  store = await postgresIngest(pool);
});
afterAll(async () => {
  await pool.end();
  await postgres.stop("immediate");
  rmSync(root, { recursive: true, force: true });
});

/** Sells so many and sends them. */
async function sell(count: number): Promise<void> {
  const from = life.wires.length + 1;
  life.addSales(count);
  await exchange({ store, sha256, nowMs: () => Date.now() }, scope, life.request(from));
}

async function positionNow(): Promise<string> {
  const { rows } = await pool.query<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
  return rows[0]?.lsn ?? "";
}

async function backedUp(): Promise<number> {
  const admin = await readContents(postgres.adminUrl);
  expect(admin.flaws).toEqual([]);
  const { rows } = await pool
    .query(
      `BEGIN; SELECT set_config('role', 'tillsync_app', true), set_config('tillsync.org', '${scope.orgId}', true), set_config('tillsync.store', '${scope.storeId}', true);
     SELECT backed_up_through FROM tillsync.incarnation; COMMIT`,
    )
    .then((results) => (results as unknown as { rows: { backed_up_through: number }[] }[])[2] ?? { rows: [] });
  return rows[0]?.backed_up_through ?? -1;
}

/** What is in a data folder when a server is started on it. */
async function contentsOf(dataDir: string) {
  const restored = await startPostgres({ dataDir });
  try {
    return await readContents(restored.adminUrl);
  } finally {
    await restored.stop("immediate");
  }
}

describe("a server is backed up while it works", () => {
  it("is verified by starting it, and only then tills may forget what is in it", async () => {
    await sell(5);
    expect(await backedUp()).toBe(0);
    const folder = openBackupFolder(at("backups"));
    const lines: string[] = [];
    const cluster = await reachCluster(at("server"), log);
    const taken = await takeBackup(cluster, folder, { ...options, log: (line) => void lines.push(line) });
    await cluster.release();
    expect(taken).toMatchObject({
      lives: 1,
      changes: 5,
      manifest: { verified: { changes: 5, documents: 5, terminals: 1 } },
    });
    expect(lines.join("\n")).toMatch(/copied \d+ of \d+ MiB/);
    expect(await backedUp()).toBe(5);
    // It is a backup still: what was started was a copy of it, and nothing of that is left.
    expect(existsSync(join(taken.folder, "pg18", "backup_label"))).toBe(true);
    expect(readdirSync(at("backups")).sort()).toEqual(["base", "credentials.json", "wal"]);
    expect(basesIn(folder)).toHaveLength(1);
  });

  it("the log goes on beside it, so a restore to any later position brings what was there then", async () => {
    const folder = openBackupFolder(at("backups"));
    const archive = new WalArchive({
      cluster: { adminUrl: postgres.adminUrl, dataDir: at("server") },
      folder,
      everyMs: 600_000,
      onFailure: (error) => expect.fail(String(error)),
    });
    await archive.start();
    await sell(3);
    const lsn = await positionNow();
    const then = await readContents(postgres.adminUrl);
    await sell(4);
    const before = await readContents(postgres.adminUrl);
    await archive.stop();

    const some = await restoreServer(folder, { dataDir: at("restored-some"), until: { lsn }, log });
    expect(some).toMatchObject({ changes: 8, documents: 8, timeline: 2 });
    expect(some.serverEpoch).not.toBe(before.serverEpoch);
    const all = await restoreServer(folder, { dataDir: at("restored-all"), until: undefined, log });
    expect(all).toMatchObject({ changes: 12, documents: 12 });
    const found = await contentsOf(at("restored-some"));
    expect(found.flaws).toEqual([]);
    expect(found.marks).toEqual(then.marks);
    expect(found.serverEpoch).toBe(some.serverEpoch);
    expect((await contentsOf(at("restored-all"))).marks).toEqual(before.marks);
  });

  it("a moment before the first backup, a full folder and a folder without backups are refused, and nothing is made", async () => {
    const folder = findBackupFolder(at("backups"));
    await expect(
      restoreServer(folder, { dataDir: at("too-early"), until: { time: new Date(0) }, log }),
    ).rejects.toMatchObject({
      code: "BACKUP_UNUSABLE",
    });
    expect(existsSync(at("too-early"))).toBe(false);
    await expect(restoreServer(folder, { dataDir: at("server"), until: undefined, log })).rejects.toMatchObject({
      code: "DATA_DIR_NOT_EMPTY",
    });
    expect(() => findBackupFolder(at("restored-all"))).toThrow(/no backups/);
    await expect(restoreServer(folder, { dataDir: at("too-late"), until: { lsn: "7/0" }, log })).rejects.toMatchObject({
      code: "BACKUP_UNUSABLE",
      message: expect.stringMatching(
        /^The log ends with the transaction of 20\d\d-.+, before .*leave out --until/,
      ) as string,
    });
    expect(readdirSync(at("too-late"))).toEqual([]);
  });

  it("a backup that does not start, or lacks rows, is none: no mark moves", async () => {
    const folder = openBackupFolder(at("spoilt"));
    await sell(2);
    const before = await backedUp();
    const cluster = { adminUrl: postgres.adminUrl, dataDir: at("server") };
    const spoil = (line: string) => {
      if (!line.startsWith("verifying")) return;
      const [name = ""] = readdirSync(join(folder.path, "base"));
      truncateSync(join(folder.path, "base", name, "pg18", "global", "pg_control"), 100);
    };
    await expect(takeBackup(cluster, folder, { ...options, log: spoil })).rejects.toMatchObject({
      code: "BACKUP_UNUSABLE",
    });
    expect(await backedUp()).toBe(before);
    expect(basesIn(folder)).toEqual([]);
    // The next one clears away what that one left.
    const taken = await takeBackup(cluster, folder, options);
    expect(taken.changes).toBe(9);
    expect(readdirSync(join(folder.path, "base"))).toEqual([taken.name]);
  });

  it("a folder with the log of another database is refused", async () => {
    const folder = openBackupFolder(at("mixed"));
    const segments = readdirSync(join(at("server"), "pg18", "pg_wal")).filter((name) => name.length === 24);
    for (const name of segments) writeFileSync(join(folder.wal, name), "another log");
    const cluster = { adminUrl: postgres.adminUrl, dataDir: at("server") };
    const failures: unknown[] = [];
    const archive = new WalArchive({
      cluster,
      folder,
      everyMs: 600_000,
      onFailure: (error) => void failures.push(error),
    });
    await archive.start();
    await archive.stop();
    expect(failures[0]).toMatchObject({ code: "BACKUP_UNUSABLE" });
  });
});
