import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { flushFolder } from "../embedded/data-folder.ts";
import {
  type BackupFolder,
  type BackupManifest,
  basesIn,
  CLUSTER,
  type StoredBackup,
  UNFINISHED,
  writeManifest,
} from "./backup-folder.ts";
import { copyCluster, copyDurably, isNotForBackups } from "./copy-cluster.ts";
import { completeBackup, type Moved } from "./move-marks.ts";
import { asSuperuser } from "./read-marks.ts";
import { verifyBackup } from "./verify-backup.ts";
import { segmentsBetween, WalCopier } from "./wal-copier.ts";
import { nameOf, segmentAt } from "./wal-files.ts";

/** A cluster that runs, and whose files this process can read. */
export interface RunningCluster {
  readonly adminUrl: string;
  /** Its data folder: the cluster is in it, and its passwords. */
  readonly dataDir: string;
}

export interface TakenBackup extends StoredBackup, Moved {}

/**
 * Backs up a PostgreSQL of our own while it works: tells it so, copies its files, then the log that was written meanwhile,
 * and starts a PostgreSQL on a copy of that. Only then the marks move up to which tills may forget what they sent.
 *
 * @param nowMs the wall clock, milliseconds since 1970
 * @throws SyncError BACKUP_UNUSABLE, and nothing was moved
 */
export async function takeBackup(
  cluster: RunningCluster,
  folder: BackupFolder,
  { log, nowMs, actor }: { log: (line: string) => void; nowMs: () => number; actor: string },
): Promise<TakenBackup> {
  removeUnfinished(folder);
  const unfinished = join(folder.base, `${UNFINISHED}${randomBytes(4).toString("hex")}`);
  mkdirSync(unfinished, { mode: 0o700 });
  const began = performance.now();
  const taken = await asSuperuser(cluster.adminUrl, (client) =>
    copyWhileItWorks(client, cluster, folder, unfinished, log),
  );
  const { segments, ...facts } = taken;
  const contents = await verifyBackup({ folder, cluster: join(unfinished, CLUSTER), segments, log });
  const verified = { ...contents.found, seconds: Math.round((performance.now() - began) / 100) / 10 };
  const { serverEpoch } = contents;
  const takenAt = new Date(facts.takenAtMs).toISOString();
  const { takenAtMs: _at, ...rest } = facts;
  const manifest: BackupManifest = { version: 1, takenAt, serverEpoch, ...rest, verified };
  writeManifest(unfinished, manifest);
  const name = takenAt.replace(/[-:]|\.\d+/g, "");
  const place = join(folder.base, freeName(folder, name));
  renameSync(unfinished, place);
  flushFolder(folder.base);
  const moved = await completeBackup(cluster.adminUrl, { marks: contents.marks, takenAt, nowMs: nowMs(), actor });
  return { name, folder: place, manifest, ...moved };
}

async function copyWhileItWorks(
  client: pg.Client,
  { dataDir }: RunningCluster,
  folder: BackupFolder,
  unfinished: string,
  log: (line: string) => void,
) {
  const from = join(dataDir, CLUSTER);
  const { rows } = await client.query<{ system: string }>(
    "SELECT system_identifier::text AS system FROM pg_control_system()",
  );
  const system = rows[0]?.system ?? "";
  refuseOtherCluster(folder, system);
  await copyDurably(join(dataDir, "credentials.json"), folder.credentials);
  // The log since the start is kept for as long as this session lasts, whatever else needs it.
  await client.query("SELECT pg_create_physical_replication_slot($1, true, true)", [
    `tillsync_backup_${randomBytes(4).toString("hex")}`,
  ]);
  const begun = await client.query<{ lsn: string; timeline: number }>(
    `SELECT lsn::text, ('x' || left(pg_walfile_name(lsn), 8))::bit(32)::integer AS timeline
     FROM (SELECT pg_backup_start('tillsync', true) AS lsn) s`,
  );
  const { lsn: startLsn = "0/0", timeline = 1 } = begun.rows[0] ?? {};
  const copied = await copyCluster({
    from,
    to: join(unfinished, CLUSTER),
    without: isNotForBackups,
    onProgress: ({ bytes, of }) => log(`copied ${mebibytes(bytes)} of ${mebibytes(of.bytes)} MiB`),
  });
  const stopped = await client.query<{ lsn: string; label: string; map: string; at: Date }>(
    "SELECT lsn::text, labelfile AS label, spcmapfile AS map, clock_timestamp() AS at FROM pg_backup_stop(false)",
  );
  const { lsn: stopLsn = "0/0", label = "", map = "", at = new Date(0) } = stopped.rows[0] ?? {};
  writeFileSync(join(unfinished, CLUSTER, "backup_label"), label, { mode: 0o600, flush: true });
  if (map.trim() !== "") writeFileSync(join(unfinished, CLUSTER, "tablespace_map"), map, { mode: 0o600, flush: true });
  const first = segmentAt(timeline, startLsn);
  await new WalCopier(from, folder.wal).copyNews(client, nameOf(first));
  const segments = segmentsBetween(timeline, first.number, segmentAt(timeline, stopLsn).number);
  return { system, timeline, startLsn, stopLsn, takenAtMs: at.getTime(), segments, ...copied };
}

/** Segments of two databases have the same names. */
function refuseOtherCluster(folder: BackupFolder, system: string): void {
  const other = basesIn(folder).find(({ manifest }) => manifest.system !== system);
  if (other === undefined) return;
  const message = `The folder ${folder.path} has backups of another database (${other.name}): take another folder.`;
  throw new SyncError("BACKUP_UNUSABLE", message);
}

/** What an earlier backup left that was cut off. */
function removeUnfinished({ path, base }: BackupFolder): void {
  for (const name of readdirSync(base))
    if (name.startsWith(UNFINISHED)) rmSync(join(base, name), { recursive: true, force: true });
  for (const name of readdirSync(path))
    if (name.startsWith("verifying-")) rmSync(join(path, name), { recursive: true, force: true });
}

function freeName({ base }: BackupFolder, name: string): string {
  for (let times = 1; ; times++) {
    const candidate = times === 1 ? name : `${name}-${times}`;
    if (!existsSync(join(base, candidate))) return candidate;
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
