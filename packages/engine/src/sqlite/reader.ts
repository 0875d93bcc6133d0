import Database from "better-sqlite3";
import type { SqlValue } from "../ports.ts";

/** A look into a till's database from outside, while its own process goes on: nothing is written, no lock is taken. */
export interface JournalReader {
  all<T>(sql: string, ...params: SqlValue[]): T[];
  iterate<T>(sql: string, ...params: SqlValue[]): Iterable<T>;
  close(): void;
}

/** The column `retired` of `journal`, or nothing in a database that an earlier release wrote last (`000010.sql`). */
export function retiredColumn(db: JournalReader): string {
  const [schema] = db.all<{ user_version: number }>("PRAGMA user_version");
  return (schema?.user_version ?? 0) >= 10 ? "retired" : "NULL AS retired";
}

/** @throws the driver's error when the file is not there or is no database */
export function readOnly(file: string): JournalReader {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
  return {
    all: <T>(sql: string, ...params: SqlValue[]) => db.prepare(sql).all(...params) as T[],
    iterate: <T>(sql: string, ...params: SqlValue[]) => db.prepare(sql).iterate(...params) as Iterable<T>,
    close: () => db.close(),
  };
}
