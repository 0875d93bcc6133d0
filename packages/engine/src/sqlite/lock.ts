import { SyncError } from "@tillsync/protocol";
import type { Driver, OpenDriver } from "./driver.ts";

/**
 * Makes this process the only writer of a database, for as long as it lives: an exclusive transaction held open on a
 * small SQLite file beside it. The operating system frees it the moment the process ends, however it ends, so there is no
 * stale lock to clean up. It is opened with the driver of the store, because locks of two SQLite libraries in one process
 * do not see each other.
 *
 * @throws SyncError LOCKED when another process (or store) holds it
 */
export function holdLock(file: string, open: OpenDriver): Driver {
  const lock = open(`${file}.lock`);
  try {
    lock.exec("PRAGMA journal_mode = DELETE");
    lock.exec("PRAGMA locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw cause;
    throw new SyncError(
      "LOCKED",
      `Another process is already running this terminal: it holds ${file}.lock. Stop it first.`,
      { file },
      cause,
    );
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    /SQLITE_BUSY|database is locked/.test(`${(error as { code?: string }).code} ${error.message}`)
  );
}
