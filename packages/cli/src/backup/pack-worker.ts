import { parentPort, workerData } from "node:worker_threads";
import { digestOf, type Lock, type Manifest, type Packed, packBackup } from "@tillsync/connectors/backup";
import { sha256 } from "@tillsync/engine";
import { inspectTill, type TillContents } from "@tillsync/engine/sqlite";
import { isErrorCode, SyncError } from "@tillsync/protocol";

/** What the thread beside the till is given: a copy of its database, and where the backup goes. */
export interface PackTask {
  readonly copy: string;
  readonly file: string;
  readonly lock: Lock;
  readonly takenAt: string;
}

export type PackWord =
  | { readonly type: "rows"; readonly rows: number }
  | { readonly type: "done"; readonly manifest: Manifest; readonly packed: Packed }
  | { readonly type: "failed"; readonly code: string; readonly message: string };

/** Reads the copy as a restore would, then packs and encrypts it: seconds of work that no sale may wait for. */
export async function packCopy(task: PackTask, onProgress?: (rows: number) => void) {
  const { lives, damaged, missing, ...about }: TillContents = inspectTill(task.copy, { sha256, onProgress });
  const digest = await digestOf(task.copy);
  const manifest: Manifest = {
    backupVersion: 1,
    ...about,
    takenAt: task.takenAt,
    ...digest,
    lives: [...lives],
    damaged: damaged.length + missing,
  };
  return { manifest, packed: await packBackup(task.copy, manifest, task.lock, task.file) };
}

const port = parentPort;
if (port !== null) {
  const say = (word: PackWord) => port.postMessage(word);
  try {
    const done = await packCopy(workerData as PackTask, (rows) => say({ type: "rows", rows }));
    say({ type: "done", ...done });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    say({
      type: "failed",
      code: isErrorCode(code) ? code : "INTERNAL",
      message: error instanceof SyncError ? message : `The backup could not be written: ${message}`,
    });
  }
}
