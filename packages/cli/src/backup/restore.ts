import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Key, type Manifest, unpackBackup } from "@tillsync/connectors/backup";
import { markRestored, sha256 } from "@tillsync/engine";
import { inspectTill, type TillContents } from "@tillsync/engine/sqlite";
import { SyncError } from "@tillsync/protocol";
import type { ReceiptPlace } from "../verify/receipt-gaps.ts";
import { lastReceipts } from "./loss-report.ts";

export interface Restored {
  readonly file: string;
  readonly manifest: Manifest;
  readonly contents: TillContents;
  /** Where the database is now; null for a drill. */
  readonly database: string | null;
  /** The highest receipt of each life in it. */
  readonly receipts: ReadonlyMap<string, ReceiptPlace>;
}

interface Opening {
  readonly key: Key;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Opens a backup as a restore would, walks it, and leaves nothing behind.
 *
 * @throws SyncError BACKUP_UNREADABLE
 */
export async function drill(file: string, opening: Opening): Promise<Restored> {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-drill-"));
  try {
    return { ...(await opened(file, join(folder, "till.db"), opening)), database: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes a folder a till's folder again. The database gets its name last: a restore that was cut off leaves no till behind.
 * What starts there begins a new life, since what the old one did after the backup is not in it.
 *
 * @throws SyncError BACKUP_UNREADABLE; CONFIG_INVALID when the folder has a till already
 */
export async function restoreTo(file: string, folder: string, opening: Opening): Promise<Restored> {
  const database = join(folder, "till.db");
  mkdirSync(folder, { recursive: true });
  refuseTaken(folder, database);
  const part = `${database}.restoring`;
  for (const rest of ["", "-wal", "-shm"]) rmSync(`${part}${rest}`, { force: true });
  const found = await opened(file, part, opening);
  for (const rest of ["-wal", "-shm"]) rmSync(`${part}${rest}`, { force: true });
  keepIdentity(folder, found.manifest);
  markRestored(database);
  refuseTaken(folder, database);
  renameSync(part, database);
  return { ...found, database };
}

async function opened(file: string, to: string, { key, onProgress }: Opening): Promise<Omit<Restored, "database">> {
  const manifest = await unpackBackup(file, key, to);
  try {
    const contents = inspectTill(to, { sha256, onProgress });
    compare(file, manifest, contents);
    return { file, manifest, contents, receipts: lastReceipts(to) };
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  }
}

/** What was read back has to be what the till wrote about it when it was taken. */
function compare(file: string, manifest: Manifest, contents: TillContents): void {
  const facts = ({ terminal, lives }: Pick<TillContents, "terminal" | "lives">) =>
    JSON.stringify([terminal, lives.map((life) => [life.incarnation, life.headSeq, life.headHash, life.changes])]);
  if (facts(manifest) === facts(contents)) return;
  throw new SyncError("BACKUP_UNREADABLE", `${file} does not hold what it says it does.`, { file });
}

function refuseTaken(folder: string, database: string): void {
  if (!existsSync(database)) return;
  const message = `${folder} has a till's database already; restore to another folder, or move that one away first. Nothing was written over.`;
  throw new SyncError("CONFIG_INVALID", message, { field: "to", expected: "a folder without till.db", got: folder });
}

/** The terminal stays who it was. @throws SyncError CONFIG_INVALID when the folder is another terminal's */
function keepIdentity(folder: string, { terminal, shortId }: Manifest): void {
  const file = join(folder, "terminal-id");
  const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  if (kept === undefined) writeFileSync(file, `${terminal}\n`, { flag: "wx" });
  else if (kept !== terminal) {
    const message = `${folder} belongs to another terminal than this backup of ${shortId}; choose another folder.`;
    throw new SyncError("CONFIG_INVALID", message, { field: "to", expected: terminal, got: kept });
  }
}
