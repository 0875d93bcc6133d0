import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PostgresError } from "./postgres-error.ts";

/** PostgreSQL cannot read a cluster of another major version, so the version is part of the place. */
const CLUSTER = "pg18";
const LOCK_WAIT_MS = 2000;
const LOCK_POLL_MS = 50;

export interface Credentials {
  /** Password of `postgres`, the superuser. */
  readonly admin: string;
  /** Password of `tillsync`, the ordinary user who owns the database. */
  readonly owner: string;
}

/** What lies in the data folder; held by one living process at a time. */
export interface DataFolder {
  readonly path: string;
  readonly clusterDir: string;
  /** What the postmaster prints before its own log files are open. */
  readonly startLog: string;
  credentials(): Credentials;
  rememberedPort(): number | undefined;
  rememberPort(port: number): void;
  release(): void;
}

/**
 * Makes the folder when needed and takes it for this process.
 *
 * @throws PostgresError `DATA_DIR_NOT_WRITABLE`, `DATA_DIR_IN_USE`
 */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  const path = resolve(dataDir);
  makeWritable(path);
  const lock = await lockFolder(path);
  let credentials: Credentials | undefined;
  return {
    path,
    clusterDir: join(path, CLUSTER),
    startLog: join(path, "start.log"),
    credentials: () => {
      credentials ??= readOrMakeCredentials(path);
      return credentials;
    },
    rememberedPort: () => readPort(join(path, "port")),
    rememberPort: (port) => writeFileSync(join(path, "port"), `${port}\n`),
    release: () => lock.close(),
  };
}

/** Replaces the file whole or not at all, and not before it is on the disk. */
export function writeDurably(folder: string, name: string, text: string): void {
  const temporary = join(folder, `${name}.new`);
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, join(folder, name));
  flushFolder(folder);
}

/** Makes a rename in the folder durable. */
export function flushFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function makeWritable(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const probe = join(path, ".writable");
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw notWritable(path, error);
  }
}

/**
 * An SQLite database that is never written serves as the lock: the system frees it when this process ends, however it
 * ends, which a file with a process number in it does not do; and Node has no other file lock. Freeing takes a moment
 * after a kill, so whoever restarts at once has to try more than once.
 */
async function lockFolder(path: string): Promise<DatabaseSync> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const database = tryToLock(path);
    if (database !== undefined) {
      writeFileSync(join(path, "owner.pid"), `${process.pid}\n`);
      return database;
    }
    if (performance.now() > deadline) {
      throw new PostgresError(
        "DATA_DIR_IN_USE",
        `Another process is running on the data folder ${path}${lastOwner(path)}: stop it, or choose another folder.`,
      );
    }
    await sleep(LOCK_POLL_MS);
  }
}

function tryToLock(path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(path, "owner.lock"), { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (messageOf(error).includes("locked")) return undefined;
    throw notWritable(path, error);
  }
}

function lastOwner(path: string): string {
  try {
    return ` (process ${readFileSync(join(path, "owner.pid"), "utf8").trim()})`;
  } catch {
    return "";
  }
}

function notWritable(path: string, cause: unknown): PostgresError {
  const text = `The data folder ${path} cannot be written (${messageOf(cause)}): choose another, or give it to this user.`;
  return new PostgresError("DATA_DIR_NOT_WRITABLE", text, { cause });
}

function readOrMakeCredentials(folder: string): Credentials {
  const file = join(folder, "credentials.json");
  if (existsSync(file)) return readCredentials(file);
  if (existsSync(join(folder, CLUSTER))) {
    throw new PostgresError(
      "PG_START_FAILED",
      `The file ${file} with the database's passwords is gone: restore it from a backup.`,
    );
  }
  const made = { admin: randomBytes(24).toString("hex"), owner: randomBytes(24).toString("hex") };
  writeDurably(folder, "credentials.json", `${JSON.stringify(made)}\n`);
  return made;
}

/** Passwords of the database in a data folder that another process may hold. @throws PostgresError `PG_START_FAILED` */
export function credentialsIn(path: string): Credentials {
  return readCredentials(join(path, "credentials.json"));
}

function readCredentials(file: string): Credentials {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    found = error; // the same to the reader of the message as a well-formed file with other content
  }
  if (isCredentials(found)) return found;
  throw new PostgresError(
    "PG_START_FAILED",
    `The file ${file} with the database's passwords is damaged: restore it from a backup.`,
  );
}

function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== "object" || value === null || !("admin" in value) || !("owner" in value)) return false;
  return typeof value.admin === "string" && typeof value.owner === "string";
}

function readPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, "utf8"));
    return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
  } catch {
    return undefined; // only a preference: without it a free port is taken
  }
}
