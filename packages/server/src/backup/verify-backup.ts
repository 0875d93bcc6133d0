import { randomBytes } from "node:crypto";
import { existsSync, rmSync, truncateSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import { startPostgres } from "../embedded/index.ts";
import { type BackupFolder, CLUSTER } from "./backup-folder.ts";
import { copyCluster, copyDurably } from "./copy-cluster.ts";
import { type Contents, readContents } from "./read-marks.ts";
import { SEGMENT_BYTES } from "./wal-files.ts";

export interface ToVerify {
  readonly folder: BackupFolder;
  /** The copy of the cluster, which stays as it is. */
  readonly cluster: string;
  /** Segments of the log that it needs. */
  readonly segments: readonly string[];
  readonly log: (line: string) => void;
}

/**
 * Starts a PostgreSQL on a copy of a backup, as a restore would, and reads everything in it. What was not started is not a
 * backup.
 *
 * @throws SyncError BACKUP_UNUSABLE saying what is wrong
 */
export async function verifyBackup({ folder, cluster, segments, log }: ToVerify): Promise<Contents> {
  const place = join(folder.path, `verifying-${randomBytes(4).toString("hex")}`);
  try {
    await mkdir(place, { mode: 0o700 });
    await copyDurably(folder.credentials, join(place, "credentials.json"));
    log("verifying: a PostgreSQL starts on a copy of the backup");
    await copyCluster({ from: cluster, to: join(place, CLUSTER), flush: false });
    for (const name of segments) await copySegment(folder, name, join(place, CLUSTER));
    const contents = await readOn(place, log);
    if (contents.flaws.length > 0)
      throw new SyncError("BACKUP_UNUSABLE", `The backup is not whole: ${contents.flaws.slice(0, 3).join("; ")}.`);
    return contents;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function readOn(dataDir: string, log: (line: string) => void): Promise<Contents> {
  const postgres = await startPostgres({ dataDir, log }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new SyncError("BACKUP_UNUSABLE", `No PostgreSQL starts on the backup: ${why}`, {}, error);
  });
  try {
    return await readContents(postgres.adminUrl);
  } finally {
    await postgres.stop("immediate");
  }
}

/** Puts a segment where PostgreSQL looks for it. One that was being written is as long as any, and ends in zeros. */
export async function copySegment({ wal }: BackupFolder, name: string, cluster: string): Promise<void> {
  const target = join(cluster, "pg_wal", name);
  const whole = join(wal, name);
  await copyFile(existsSync(whole) ? whole : `${whole}.partial`, target);
  truncateSync(target, SEGMENT_BYTES);
}
