import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Lock } from "@tillsync/connectors/backup";
import { refuseUnsettled, type Unsettled, unsettledOf } from "@tillsync/engine";
import { betterSqlite, holdLock, readOnly } from "@tillsync/engine/sqlite";
import { SyncError } from "@tillsync/protocol";
import { takeStopped } from "./take-backup.ts";

/** What of a till's folder is the till: its database, what lies beside it, who it is, its backups, its logs stay. */
const BESIDE = ["", "-wal", "-shm", ".witness", ".lock", ".lock-journal"] as const;

export interface Reset {
  readonly unsettled: Unsettled;
  /** Where everything was put before; null when there was nothing to save. */
  readonly exported: string | null;
}

export interface ResetOptions {
  readonly file: string;
  readonly shortId: string;
  /** Where a backup goes first; its folder must not be the till's. */
  readonly exportTo?: string | undefined;
  readonly lock?: Lock | undefined;
  readonly nowMs: number;
}

/**
 * Takes a stopped till's database, witness, identity and backups away: factory reset, sign-out, uninstall. Not while it holds
 * anything that is nowhere else, unless all of it was put somewhere else first, and checked there.
 *
 * @throws SyncError UNSETTLED, LOCKED, NOT_FOUND, CONFIG_INVALID, BACKUP_UNREADABLE: nothing was taken away
 */
export async function resetTill({ file, shortId, exportTo, lock, nowMs }: ResetOptions): Promise<Reset> {
  if (!existsSync(file)) throw new SyncError("NOT_FOUND", `There is no till's database at ${file}.`, { got: file });
  const unsettled = readUnsettled(file);
  if (exportTo === undefined) refuseUnsettled(unsettled);
  const exported = exportTo === undefined ? null : await exportFirst({ file, shortId, exportTo, lock, nowMs });
  const held = holdLock(file, betterSqlite);
  try {
    // Between the look and the lock somebody may have started it and sold.
    const now = readUnsettled(file);
    const hasMore = now.changes !== unsettled.changes || now.openOrders !== unsettled.openOrders;
    if (exportTo === undefined || hasMore) refuseUnsettled(now);
    takeAway(file);
  } finally {
    held.close();
    rmSync(`${file}.lock`, { force: true });
  }
  return { unsettled, exported };
}

/** The database goes in one step first: a reset that is cut off leaves a till that is there or one that is not. */
export function takeAway(file: string): void {
  const folder = dirname(file);
  const gone = `${file}.gone`;
  renameSync(file, gone);
  for (const rest of [...BESIDE.slice(1).map((end) => `${file}${end}`), gone]) {
    if (!rest.includes(".lock")) rmSync(rest, { force: true });
  }
  rmSync(join(folder, "terminal-id"), { force: true });
  rmSync(join(folder, "backups"), { recursive: true, force: true });
}

export function readUnsettled(file: string): Unsettled {
  const db = readOnly(file);
  try {
    return unsettledOf(db);
  } finally {
    db.close();
  }
}

async function exportFirst({ file, shortId, exportTo = "", lock, nowMs }: ResetOptions): Promise<string> {
  const facts = { field: "export" };
  if (existsSync(exportTo))
    throw new SyncError("CONFIG_INVALID", `${exportTo} is there already; nothing was written over.`, facts);
  if (resolve(exportTo).startsWith(resolve(dirname(file))))
    throw new SyncError("CONFIG_INVALID", "The export must not go into the folder that is to be taken away.", facts);
  if (lock === undefined)
    throw new SyncError(
      "CONFIG_INVALID",
      "An export is encrypted: give --recipient or --passphrase-file, or set Backup.Recipient.",
      facts,
    );
  const folder = join(dirname(file), "backups");
  const taken = await takeStopped(file, shortId, { folder, lock, nowMs });
  mkdirSync(dirname(resolve(exportTo)), { recursive: true });
  await copyFile(taken.file, exportTo);
  return exportTo;
}
