import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { flushFolder } from "../embedded/data-folder.ts";
import { type EmbeddedPostgres, startPostgres } from "../embedded/index.ts";
import { renewEpochs } from "../epochs/lineage.ts";
import { type BackupFolder, basesIn, CLUSTER, type StoredBackup } from "./backup-folder.ts";
import { copyCluster, copyDurably } from "./copy-cluster.ts";
import { asSuperuser, readContents } from "./read-marks.ts";
import { copySegment } from "./verify-backup.ts";
import { bytesOf, isHistory, nameOf, segmentAt, segmentOf } from "./wal-files.ts";

/** How far to roll forward: everything there is, to a moment, or to a position in the log. */
export type Until = { readonly time: Date } | { readonly lsn: string } | undefined;

export interface Restored {
  readonly from: string;
  readonly dataDir: string;
  readonly serverEpoch: string;
  readonly timeline: number;
  /** Position in the log and time of the last transaction that came back. */
  readonly lsn: string;
  readonly lastCommitAt: string | null;
  readonly changes: number;
  readonly documents: number;
  readonly terminals: number;
  readonly digest: string;
}

/** A restore is made in here, and moved to its place when it is whole. */
const UNFINISHED = ".restoring";

/**
 * Makes a data folder for a server from a backup and the log behind it. The database in it begins a new epoch before any
 * server has seen it, so tills are told to send again what it lost, and no number of a feed means two things.
 *
 * @throws SyncError DATA_DIR_NOT_EMPTY, NOT_FOUND, BACKUP_UNUSABLE; then the folder is as it was
 */
export async function restoreServer(
  folder: BackupFolder,
  { dataDir, until, log }: { dataDir: string; until: Until; log: (line: string) => void },
): Promise<Restored> {
  const target = resolve(dataDir);
  refuseFull(target);
  const base = chooseBase(folder, until);
  const place = join(target, UNFINISHED);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true, mode: 0o700 });
  try {
    const cluster = join(place, CLUSTER);
    log(`restoring the backup of ${base.manifest.takenAt}`);
    const onProgress = ({ bytes, of }: { bytes: number; of: { bytes: number } }) =>
      log(`copied ${Math.round(bytes / 1048576)} of ${Math.round(of.bytes / 1048576)} MiB`);
    await copyCluster({ from: join(base.folder, CLUSTER), to: cluster, onProgress });
    await copyDurably(folder.credentials, join(place, "credentials.json"));
    const segments = await copyLog(folder, base, cluster);
    log(`rolling forward through ${segments} segments of the log`);
    const restored = await rollForward(place, until, log);
    for (const name of readdirSync(place)) if (KEPT.has(name)) renameSync(join(place, name), join(target, name));
    flushFolder(target);
    return { from: base.name, dataDir: target, ...restored };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const KEPT = new Set([CLUSTER, "credentials.json"]);

function refuseFull(target: string): void {
  const found = existsSync(target) ? readdirSync(target).filter((name) => name !== UNFINISHED) : [];
  if (found.length === 0) return;
  const message = `${target} is not empty (it has ${found[0]}): restore into a new folder, and keep the old one until all is well.`;
  throw new SyncError("DATA_DIR_NOT_EMPTY", message, { field: "dataDir" });
}

/** The last backup that was whole at the moment asked for: the less log, the sooner. */
function chooseBase(folder: BackupFolder, until: Until): StoredBackup {
  const verified = basesIn(folder).filter(({ manifest }) => manifest.verified !== null);
  const fitting = verified.filter(({ manifest: { takenAt, stopLsn } }) => {
    if (until === undefined) return true;
    return "lsn" in until ? bytesOf(stopLsn) <= bytesOf(until.lsn) : Date.parse(takenAt) <= until.time.getTime();
  });
  const base = fitting.at(-1);
  if (base !== undefined) return base;
  const [first] = verified;
  if (first === undefined) throw new SyncError("NOT_FOUND", `There is no verified backup in ${folder.path}.`);
  const message = `Every backup in ${folder.path} is later than that; the first one is of ${first.manifest.takenAt}, ${first.manifest.stopLsn}.`;
  throw new SyncError("BACKUP_UNUSABLE", message, { field: "until" });
}

/** The log from the backup on, of its own timeline and of those that branched off later. @returns how many segments */
async function copyLog(folder: BackupFolder, { manifest }: StoredBackup, cluster: string): Promise<number> {
  const first = segmentAt(manifest.timeline, manifest.startLsn);
  const names = readdirSync(folder.wal);
  for (const name of names) if (isHistory(name)) copyFileSync(join(folder.wal, name), join(cluster, "pg_wal", name));
  const wanted = new Set<string>();
  for (const name of names) {
    const segment = segmentOf(name);
    if (segment !== undefined && segment.timeline >= first.timeline && segment.number >= first.number)
      wanted.add(nameOf(segment));
  }
  for (const name of wanted) await copySegment(folder, name, cluster);
  return wanted.size;
}

/** Settings of the recovery alone; the file is put back as it was. */
function settingsFor(until: Until): string {
  const target =
    until === undefined
      ? []
      : "lsn" in until
        ? [`recovery_target_lsn = '${until.lsn}'`]
        : [`recovery_target_time = '${until.time.toISOString()}'`];
  // All segments are in their place already. PostgreSQL wants a command; this one finds nothing more.
  const lines = [...target, "restore_command = 'exit 1'", "recovery_target_action = 'promote'", "hot_standby = 'off'"];
  return `\n${lines.join("\n")}\n`;
}

async function rollForward(place: string, until: Until, log: (line: string) => void) {
  const cluster = join(place, CLUSTER);
  const settings = join(cluster, "postgresql.auto.conf");
  const before = readFileSync(settings);
  appendFileSync(settings, settingsFor(until), { flush: true });
  writeFileSync(join(cluster, "recovery.signal"), "", { mode: 0o600, flush: true });
  const postgres = await startPostgres({ dataDir: place, log }).catch((error: unknown) => {
    throw new SyncError("BACKUP_UNUSABLE", whyNot(error instanceof Error ? error.message : String(error)), {}, error);
  });
  try {
    const end = await beginAnew(postgres);
    const { found, flaws } = await readContents(postgres.adminUrl);
    if (flaws.length > 0)
      throw new SyncError("BACKUP_UNUSABLE", `What came back is not whole: ${flaws.slice(0, 3).join("; ")}.`);
    const { changes, documents, terminals, digest } = found;
    return { ...end, changes, documents, terminals, digest };
  } finally {
    await postgres.stop("fast");
    writeFileSync(settings, before, { flush: true });
  }
}

/** PostgreSQL stops behind what was asked for, and does not start when nothing was written behind it. */
function whyNot(said: string): string {
  if (!said.includes("recovery ended before configured recovery target was reached"))
    return `PostgreSQL cannot roll this backup forward that far: ${said}`;
  const last = /last completed transaction was at log time ([^|]+?) *(\||$)/.exec(said)?.[1];
  const end = last === undefined ? "has no transaction behind the backup" : `ends with the transaction of ${last}`;
  // What PostgreSQL met behind the last record: nothing more, or a segment that is missing or torn.
  const met = /LOG: +([^|]+?) *\| [^|]*LOG: +redo done at/.exec(said)?.[1];
  const what = met === undefined ? "" : ` (${met})`;
  return `The log ${end}${what}, before what was asked for: leave out --until to get back everything there is.`;
}

/** The epoch begins here, whatever else a server would notice at its first start. */
function beginAnew({ adminUrl }: EmbeddedPostgres) {
  return asSuperuser(adminUrl, async (client) => {
    const { lsn, lastCommitAt } = await endOfLog(client);
    await client.query("BEGIN; SET LOCAL search_path = tillsync");
    const serverEpoch = await renewEpochs(client, `restored from a backup, up to ${lsn}`);
    const { rows } = await client.query<{ timeline: number }>(
      `UPDATE server_identity SET system_identifier = s.system_identifier::text,
         timeline = ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
       FROM pg_control_system() s RETURNING timeline::float8 AS timeline`,
    );
    await client.query("COMMIT");
    return { serverEpoch, timeline: rows[0]?.timeline ?? 0, lsn, lastCommitAt };
  });
}

/** Where the log of before ended: where this timeline begins. */
async function endOfLog(client: pg.ClientBase): Promise<{ lsn: string; lastCommitAt: string | null }> {
  const { rows } = await client.query<{ lsn: string; at: Date | null }>(
    `SELECT pg_current_wal_lsn()::text AS lsn, (SELECT max(last_seen_at) FROM tillsync.incarnation) AS at`,
  );
  return { lsn: rows[0]?.lsn ?? "", lastCommitAt: rows[0]?.at?.toISOString() ?? null };
}
