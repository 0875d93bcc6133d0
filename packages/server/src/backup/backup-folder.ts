import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { writeDurably } from "../embedded/data-folder.ts";

/**
 * A folder of backups of one server:
 *
 *   base/<when>/pg18/…        copy of the cluster as PostgreSQL had it while it worked
 *   base/<when>/backup.json   what it is, and what was found when a PostgreSQL was started on a copy of it
 *   wal/<segment>             the write-ahead log since, segment by segment; the last one may be `.partial`
 *   credentials.json          the database's passwords, 0600
 */
export interface BackupFolder {
  readonly path: string;
  readonly wal: string;
  readonly base: string;
  readonly credentials: string;
}

/** How far each life of a terminal is in a backup. */
const mark = z.strictObject({
  orgId: z.int(),
  storeId: z.int(),
  terminal: z.string(),
  incarnation: z.string(),
  through: z.int(),
  hash: z.string(),
});

export type BackedUpMark = z.infer<typeof mark>;

const found = z.strictObject({
  stores: z.int(),
  terminals: z.int(),
  changes: z.int(),
  documents: z.int(),
  feedEntries: z.int(),
  /** SHA-256 over every mark with its chain hash, every feed with its chain value, and every module with its hash. */
  digest: z.string(),
  seconds: z.number(),
});

export type Found = z.infer<typeof found>;

export const backupManifest = z.strictObject({
  version: z.literal(1),
  takenAt: z.iso.datetime(),
  system: z.string(),
  timeline: z.int(),
  serverEpoch: z.string(),
  /** The log from here on is needed, and up to `stopLsn` at least. */
  startLsn: z.string(),
  stopLsn: z.string(),
  files: z.int(),
  bytes: z.int(),
  verified: found.nullable(),
});

export type BackupManifest = z.infer<typeof backupManifest>;

export interface StoredBackup {
  readonly name: string;
  readonly folder: string;
  readonly manifest: BackupManifest;
}

export const MANIFEST = "backup.json";
/** The name of a cluster's folder: as in the data folder of a server. */
export const CLUSTER = "pg18";
/** A backup under way, or one that was cut off: it is not listed, and the next one throws it away. */
export const UNFINISHED = "unfinished-";

/** Makes the folder when needed. @throws SyncError DATA_DIR_NOT_WRITABLE */
export function openBackupFolder(path: string): BackupFolder {
  const folder = namesIn(path);
  try {
    for (const each of [folder.base, folder.wal]) mkdirSync(each, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SyncError("DATA_DIR_NOT_WRITABLE", `The backup folder ${folder.path} cannot be written.`, {}, error);
  }
  return folder;
}

/** @throws SyncError NOT_FOUND when there is no folder of backups */
export function findBackupFolder(path: string): BackupFolder {
  const folder = namesIn(path);
  if (existsSync(folder.base)) return folder;
  throw new SyncError("NOT_FOUND", `There are no backups of a server in ${folder.path}.`);
}

/** Finished backups, the oldest first. */
export function basesIn({ base }: BackupFolder): StoredBackup[] {
  return readdirSync(base)
    .filter((name) => !name.startsWith(UNFINISHED) && existsSync(join(base, name, MANIFEST)))
    .sort()
    .map((name) => {
      const folder = join(base, name);
      return { name, folder, manifest: readManifest(folder) };
    });
}

export function writeManifest(folder: string, manifest: BackupManifest): void {
  writeDurably(folder, MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
}

function readManifest(folder: string): BackupManifest {
  const file = join(folder, MANIFEST);
  try {
    return backupManifest.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new SyncError("BACKUP_UNUSABLE", `${file} is damaged, or of another release.`, {}, error);
  }
}

function namesIn(path: string): BackupFolder {
  const whole = resolve(path);
  const named = (name: string) => join(whole, name);
  return { path: whole, wal: named("wal"), base: named("base"), credentials: named("credentials.json") };
}
