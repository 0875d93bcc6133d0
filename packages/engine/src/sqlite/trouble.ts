import { type ErrorCode, SyncError } from "@tillsync/protocol";

/** What can be wrong with the disk under a database, by SQLite's primary result code. */
const TROUBLES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FULL: ["STORE_FULL", "The till's disk is full; nothing was recorded. Free space, then try again."],
  READONLY: ["DATA_DIR_NOT_WRITABLE", "The till's database or its folder cannot be written; nothing was recorded."],
  CANTOPEN: [
    "DATA_DIR_NOT_WRITABLE",
    "The till's database cannot be opened: is its folder there, and may it be written?",
  ],
  PERM: ["DATA_DIR_NOT_WRITABLE", "The till's database may not be written by this user."],
  CORRUPT: [
    "STORE_DAMAGED",
    "The till's database is damaged on its disk. Keep all its files and save what can be read: tillsync export --salvage.",
  ],
  NOTADB: [
    "STORE_DAMAGED",
    "The till's database is no database any more. Keep all its files and save what can be read: tillsync export --salvage.",
  ],
  IOERR: [
    "STORE_FAILING",
    "The till's disk reported an error. Check the disk; what was sold before is in the journal.",
  ],
  NOMEM: ["STORE_FAILING", "The till's machine has no memory left for its database; restart it."],
  BUSY: ["LOCKED", "Another program holds the till's database; nothing was recorded. Close it and try again."],
};

/** The same codes by number, as node:sqlite says them. */
const BY_NUMBER: Readonly<Record<number, string>> = {
  3: "PERM",
  5: "BUSY",
  7: "NOMEM",
  8: "READONLY",
  10: "IOERR",
  11: "CORRUPT",
  13: "FULL",
  14: "CANTOPEN",
  26: "NOTADB",
};

/** Errors of the operating system that mean the same when a file is opened or made. */
const BY_SYSTEM: Readonly<Record<string, string>> = {
  EACCES: "PERM",
  EPERM: "PERM",
  EROFS: "READONLY",
  ENOSPC: "FULL",
  EIO: "IOERR",
};

/** The refusal that an error of the driver or the disk means; anything else as it is. */
export function troubleOf(error: unknown, file?: string): unknown {
  const trouble = error instanceof Error ? TROUBLES[nameOf(error)] : undefined;
  if (trouble === undefined) return error;
  const [code, message] = trouble;
  return new SyncError(code, message, file === undefined ? {} : { file }, error);
}

/** After these a handle is not to be trusted: what it has in memory may differ from the disk. */
export function isUntrusted(error: unknown): boolean {
  return error instanceof SyncError && error.code === "STORE_FAILING";
}

function nameOf(error: Error): string {
  // better-sqlite3 looks for the folder itself, and has no code for it.
  if (error instanceof TypeError && /directory does not exist/.test(error.message)) return "CANTOPEN";
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === "number") return BY_NUMBER[errcode & 0xff] ?? "";
  if (typeof code !== "string") return "";
  return BY_SYSTEM[code] ?? /^SQLITE_([A-Z]+)/.exec(code)?.[1] ?? "";
}
