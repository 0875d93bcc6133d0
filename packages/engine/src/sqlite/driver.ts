import { DatabaseSync } from "node:sqlite";
import { SyncError } from "@tillsync/protocol";
import Database from "better-sqlite3";

/** What the two SQLite bindings have in common, and all that the store needs. */
export interface Driver {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
  /** Copies the database into a file, a slice of so many pages at a time as `progress` says. */
  backup?(file: string, options: { progress: () => number }): Promise<unknown>;
}

export interface Statement {
  run(...params: readonly unknown[]): { changes: number | bigint };
  get(...params: readonly unknown[]): unknown;
  all(...params: readonly unknown[]): unknown[];
  iterate(...params: readonly unknown[]): Iterable<unknown>;
}

export type OpenDriver = (file: string) => Driver;

/** The driver of a till: better-sqlite3. */
export const betterSqlite: OpenDriver = (file) => new Database(file, { timeout: 0 });

/** The second one, built into Node: keeps the store honest about what it takes from its driver. */
export const nodeSqlite: OpenDriver = (file) => new DatabaseSync(file, { timeout: 0 }) as unknown as Driver;

/**
 * The first SQLite without the WAL-reset bug that can lose commits or corrupt a database (present from 3.7.0 to 3.51.2;
 * fixed in 3.51.3, with a backport in 3.50.7; 3.52.0 was withdrawn). reliability.md F8.
 */
export function assertSafeVersion(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const at = major * 1_000_000 + minor * 1_000 + patch;
  if (at >= 3_051_003 && at !== 3_052_000) return;
  if (at >= 3_050_007 && at < 3_051_000) return;
  throw new SyncError(
    "SQLITE_TOO_OLD",
    `SQLite ${version} can lose sales (WAL-reset bug); 3.51.3 or later is needed.`,
    {
      expected: "3.51.3 or later",
      got: version,
    },
  );
}
