import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type { BackupDestination, BackupFile, Piece, Standing } from "./destination.ts";
import { BACKUP_NAME } from "./manifest.ts";
import { digestOf } from "./pack.ts";

export interface FolderOptions {
  /** Must be there: one that is not is a disk that is not plugged in. */
  readonly folder: string;
  /** The till's own folder in it, since several tills may share one. */
  readonly till: string;
  readonly keep: number;
}

/** A folder: a USB disk, or a share of another machine. */
export function folderDestination({ folder, till, keep }: FolderOptions): BackupDestination {
  const own = join(folder, till);
  const at = (backup: BackupFile) => join(own, backup.name);
  const standing = async (backup: BackupFile): Promise<Standing> => {
    const whole = await sizeOf(at(backup));
    if (whole === backup.bytes) return { received: whole, whole: true };
    return { received: (await sizeOf(`${at(backup)}.part`)) ?? 0, whole: false };
  };
  const ready = async () => {
    if (!existsSync(folder)) throw missing(folder);
    await mkdir(own, { recursive: true });
  };
  return {
    name: folder,
    lookUp: (backup) =>
      told(folder, async () => {
        await ready();
        return standing(backup);
      }),
    deliver: (backup, piece) =>
      told(folder, async () => {
        await ready();
        const now = await standing(backup);
        if (now.whole || now.received !== piece.offset) return now;
        await append(`${at(backup)}.part`, piece);
        const received = piece.offset + piece.bytes.length;
        if (received < backup.bytes) return { received, whole: false };
        await makeWhole(at(backup), backup);
        await prune(own, keep, backup.name);
        return { received, whole: true };
      }),
    close: async () => {},
  };
}

async function append(part: string, { offset, bytes }: Piece): Promise<void> {
  const handle = await open(part, offset === 0 ? "w" : "r+", 0o600);
  try {
    await handle.write(bytes, 0, bytes.length, offset);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeWhole(file: string, { bytes, sha256 }: BackupFile): Promise<void> {
  const part = `${file}.part`;
  const found = await digestOf(part);
  if (found.bytes !== bytes || found.sha256 !== sha256) {
    await rm(part, { force: true });
    throw new SyncError(
      "BACKUP_UNREADABLE",
      "What the folder gave back is not what was written; it is written again.",
      { file },
    );
  }
  await rename(part, file);
}

/** The newest stay: names sort by time. Parts of others were never finished. */
async function prune(own: string, keep: number, newest: string): Promise<void> {
  const names = await readdir(own);
  const whole = names
    .filter((name) => BACKUP_NAME.test(name))
    .sort()
    .reverse();
  const unfinished = names.filter((name) => name.endsWith(".part"));
  for (const name of [...whole.slice(keep).filter((name) => name !== newest), ...unfinished])
    await rm(join(own, name), { force: true });
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

function missing(folder: string): SyncError {
  return new SyncError("UNREACHABLE", `${folder} is not there; plug the disk in, or mount the share.`, { folder });
}

async function told<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof SyncError) throw cause;
    const { code = "" } = cause as { code?: string };
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new SyncError(
        "STORE_FULL",
        `${folder} is full; free space there. The backup waits on the till.`,
        { folder },
        cause,
      );
    throw new SyncError("UNREACHABLE", `${folder} cannot be written (${code}).`, { folder }, cause);
  }
}
