import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type { BackupEntry } from "@tillsync/server";
import { askJson, type Door } from "../http-door.ts";

interface PieceAnswer {
  readonly bytes: number;
  readonly piece: string;
  readonly next: number | null;
}

/**
 * Fetches the newest whole backup that the centre has of a terminal.
 *
 * @throws SyncError NOT_FOUND when it has none; BACKUP_UNREADABLE when what comes does not give its hash
 */
export async function fetchNewest(
  centre: Door,
  terminal: string,
  folder: string,
  onProgress: (bytes: number, of: number) => void,
): Promise<{ readonly file: string; readonly entry: BackupEntry }> {
  const path = `/api/backups/${terminal}`;
  const { backups } = await askJson<{ backups: readonly BackupEntry[] }>(centre, "GET", path);
  const entry = backups.find(({ whole }) => whole);
  if (entry === undefined)
    throw new SyncError("NOT_FOUND", `The centre has no whole backup of terminal ${terminal}.`, { got: terminal });
  // Its name came from a till: only the last part of a path is taken of it.
  const file = join(folder, entry.name.replace(/[^A-Za-z0-9._-]/g, "_"));
  const part = `${file}.part`;
  const hash = createHash("sha256");
  const handle = openSync(part, "w", 0o600);
  try {
    for (let next: number | null = 0; next !== null; ) {
      const answer: PieceAnswer = await askJson(centre, "GET", `${path}/${entry.sha256}?offset=${next}`);
      const bytes = Buffer.from(answer.piece, "base64");
      writeSync(handle, bytes);
      hash.update(bytes);
      next = answer.next;
      onProgress(next ?? entry.bytes, entry.bytes);
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (hash.digest("hex") !== entry.sha256) {
    rmSync(part);
    throw new SyncError(
      "BACKUP_UNREADABLE",
      "What the centre gave does not have the hash of the backup; try again.",
      {},
    );
  }
  renameSync(part, file);
  return { file, entry };
}
