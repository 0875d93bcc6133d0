import { spawnSync } from "node:child_process";
import { constants, lstatSync } from "node:fs";
import { chmod, chown, copyFile, lstat, mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import { codeOf } from "../embedded/postgres-error.ts";

export interface Copied {
  readonly files: number;
  readonly bytes: number;
}

export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  /** Names below the cluster whose content is not copied; their folders are made empty. */
  readonly without?: (name: string) => boolean;
  readonly onProgress?: (done: Copied & { readonly of: Copied }) => void;
  /** Everything is on the disk when it resolves (default true). */
  readonly flush?: boolean;
}

/** Files of one folder that are copied at the same time. */
const AT_ONCE = 8;
const TELL_EVERY_BYTES = 64 * 1024 * 1024;
const CONTROL = "global/pg_control";

/**
 * What a running cluster has and a copy of it must not: its log of writes, which travels by itself, and what is only about
 * the processes that run now (PostgreSQL's manual, "Making a Base Backup Using the Low Level API").
 */
export function isNotForBackups(name: string): boolean {
  if (/^(postmaster\.(pid|opts)|current_logfiles|backup_label(\.old)?|tablespace_map(\.old)?)$/.test(name)) return true;
  if (/^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans|log)\/./.test(name))
    return true;
  return /(^|\/)(pgsql_tmp|pg_internal\.init)/.test(name);
}

/**
 * Copies a cluster's files, also those that PostgreSQL writes meanwhile: what is torn in them, its log mends. Files that
 * vanish under way belonged to tables that were dropped. `pg_control` comes last, as it says that the rest is there.
 */
export async function copyCluster(options: CopyOptions): Promise<Copied> {
  const { from, to, without = () => false, onProgress, flush = true } = options;
  const owner = lstatSync(from);
  const { folders, files } = await listOf(from, without);
  const of = { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  for (const name of ["", ...folders]) await makeFolder(join(to, name), owner);
  const done = { files: 0, bytes: 0 };
  let told = 0;
  const copyOne = async ({ name, bytes }: Listed) => {
    if (!(await copyOwned(join(from, name), join(to, name), owner))) return;
    done.files++;
    done.bytes += bytes;
    if (done.bytes - told < TELL_EVERY_BYTES) return;
    told = done.bytes;
    onProgress?.({ ...done, of });
  };
  const rest = files.filter(({ name }) => name !== CONTROL);
  const next = rest[Symbol.iterator]();
  const work = async () => {
    for (const file of next) await copyOne(file);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const file of files) if (file.name === CONTROL) await copyOne(file);
  if (flush) await flushTree(to, files);
  onProgress?.({ ...done, of });
  return done;
}

interface Listed {
  readonly name: string;
  readonly bytes: number;
}

async function listOf(from: string, without: (name: string) => boolean) {
  const folders: string[] = [];
  const files: Listed[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(from, below), { withFileTypes: true })) {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (without(name)) continue;
      if (entry.isDirectory()) {
        folders.push(name);
        await walk(name);
      } else if (entry.isSymbolicLink()) throw linked(name);
      else {
        const bytes = await sizeOf(join(from, name));
        if (bytes !== undefined) files.push({ name, bytes });
      }
    }
  };
  await walk("");
  return { folders, files };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function makeFolder(path: string, owner: { uid: number; gid: number }): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await giveTo(path, owner);
}

/** @returns false when the file is gone */
async function copyOwned(from: string, to: string, owner: { uid: number; gid: number }): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (codeOf(error) === "ENOENT" && (await sizeOf(from)) === undefined) return false;
    throw error;
  }
  await chmod(to, 0o600);
  await giveTo(to, owner);
  return true;
}

/** Copies one small file with its passwords, for its owner only, and flushes it. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o600);
  await flushFile(to);
}

/** A thousand flushes are slower than one of the whole file system, where there is a program for that. */
async function flushTree(folder: string, files: readonly Listed[]): Promise<void> {
  if (spawnSync("sync", ["-f", folder], { stdio: "ignore" }).status === 0) return;
  for (const { name } of files) await flushFile(join(folder, name)).catch(ignoreGone);
}

async function flushFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** It vanished while it was to be copied. */
function ignoreGone(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}

/** Root copies what belongs to the user under whom PostgreSQL runs. */
async function giveTo(path: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  if (process.geteuid?.() === 0 && uid !== 0) await chown(path, uid, gid);
}

function linked(name: string): SyncError {
  const message = `The cluster has a link at ${name} (a tablespace): back it up with PostgreSQL's own tools instead.`;
  return new SyncError("BACKUP_UNUSABLE", message);
}
