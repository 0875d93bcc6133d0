import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { backupName, type Lock, type Manifest, type Packed } from "@tillsync/connectors/backup";
import { checkSnapshot, type Terminal } from "@tillsync/engine";
import { betterSqlite, copyDatabase, holdLock } from "@tillsync/engine/sqlite";
import { type ErrorCode, SyncError } from "@tillsync/protocol";
import type { PackTask, PackWord } from "./pack-worker.ts";

const WORKER = new URL("./pack-worker.ts", import.meta.url);
/** Copies of a till's database that are not encrypted yet; one that a kill left behind goes with the next backup. */
const COPY = ".copy.db";

/** A backup that is whole, checked and on this disk. */
export interface TakenBackup extends Packed {
  readonly file: string;
  readonly name: string;
  readonly manifest: Manifest;
}

export interface TakeOptions {
  /** Where the backup goes, and the copy that it is made of. */
  readonly folder: string;
  readonly lock: Lock;
  readonly nowMs: number;
  readonly onProgress?: ((rows: number) => void) | undefined;
  /** Ends the work of the thread. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a backup of a running till: a copy in slices between sales, then everything else in a thread of its own.
 *
 * @throws SyncError BACKUP_UNREADABLE when the copy is not sound or not what the till had; STORE_FULL
 */
export async function takeBackup(
  terminal: Pick<Terminal, "snapshot" | "status">,
  options: TakeOptions,
): Promise<TakenBackup> {
  const copy = copyPlace(options.folder);
  try {
    const snapshot = await terminal.snapshot(copy);
    const taken = await packed(terminal.status().shortId, copy, options);
    try {
      checkSnapshot(snapshot, taken.manifest.lives);
    } catch (error) {
      rmSync(taken.file, { force: true });
      throw error;
    }
    return taken;
  } catch (error) {
    throw asFull(error);
  } finally {
    removeCopies(options.folder);
  }
}

/** The same of a till that does not run: nobody else may start it meanwhile. @throws SyncError LOCKED */
export async function takeStopped(file: string, shortId: string, options: TakeOptions): Promise<TakenBackup> {
  const lock = holdLock(file, betterSqlite);
  const copy = copyPlace(options.folder);
  try {
    const driver = betterSqlite(file);
    try {
      await copyDatabase(driver, copy);
    } finally {
      driver.close();
    }
    return await packed(shortId, copy, options);
  } catch (error) {
    throw asFull(error);
  } finally {
    lock.close();
    removeCopies(options.folder);
  }
}

function copyPlace(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeCopies(folder);
  return join(folder, COPY);
}

function removeCopies(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(COPY)) rmSync(join(folder, name), { force: true });
}

async function packed(
  shortId: string,
  copy: string,
  { folder, lock, nowMs, onProgress, signal }: TakeOptions,
): Promise<TakenBackup> {
  // Stopped while the copy was taken: nobody listened then, and a signal is not given twice.
  if (signal?.aborted) throw givenUp();
  const takenAt = new Date(nowMs).toISOString();
  const name = backupName({ shortId, takenAt });
  const file = join(folder, name);
  const task: PackTask = { copy, file, lock, takenAt };
  const worker = new Worker(WORKER, { workerData: task });
  const end = () => void worker.terminate();
  signal?.addEventListener("abort", end);
  try {
    return await new Promise<TakenBackup>((resolve, reject) => {
      worker.on("message", (word: PackWord) => {
        if (word.type === "rows") onProgress?.(word.rows);
        else if (word.type === "failed") reject(new SyncError(word.code as ErrorCode, word.message));
        else resolve({ file, name, manifest: word.manifest, ...word.packed });
      });
      worker.once("error", reject);
      worker.once("exit", () => reject(givenUp()));
    });
  } catch (error) {
    await worker.terminate();
    // It may have been at any point of its work: also just done, with its word on the way.
    for (const left of [`${file}.part`, file]) rmSync(left, { force: true });
    throw error;
  } finally {
    signal?.removeEventListener("abort", end);
    await worker.terminate();
  }
}

function givenUp(): SyncError {
  return new SyncError("TERMINAL_STOPPED", "The backup was given up: the till stops.");
}

/** SQLite and the file system say it each in their own way. */
function asFull(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  if (code !== "SQLITE_FULL" && code !== "ENOSPC") return error;
  return new SyncError(
    "STORE_FULL",
    "There is no room for a backup on this disk. Free space; selling goes on.",
    {},
    error,
  );
}
