import { readdirSync, readFileSync } from "node:fs";
import { SyncError } from "@tillsync/protocol";
import type { Flush, LocalStore, Sql, SqlValue } from "../ports.ts";
import { assertSafeVersion, betterSqlite, type Driver, type OpenDriver, type Statement } from "./driver.ts";
import { holdLock } from "./lock.ts";
import { copyDatabase } from "./snapshot.ts";
import { checkStructure } from "./structure.ts";
import { isUntrusted, troubleOf } from "./trouble.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);

/**
 * SQLite's own 2 MiB hold the index over ids of some 20,000 sales; from there on every sale would read a page of it from
 * the file. A ceiling, not a reservation.
 */
const CACHE_KIB = 8 * 1024;

/**
 * How long a statement waits for another program that holds the database (a backup, somebody's SQLite shell), milliseconds.
 * The till stands still meanwhile, so it is short; then it says so, and the POS tries again.
 */
const BUSY_MS = 2_000;

/**
 * Opens the till's database: takes the lock, checks SQLite's version, sets what makes a commit survive a power cut and
 * reads it back, brings the schema up to this release, and has SQLite look for damage.
 *
 * @throws SyncError LOCKED, SQLITE_TOO_OLD, SQLITE_NOT_DURABLE, DATA_DIR_NOT_WRITABLE, STORE_DAMAGED, STORE_FAILING,
 * STORE_FULL
 */
export function openStore(file: string, open: OpenDriver = betterSqlite): LocalStore {
  const lock = naming(file, () => holdLock(file, open));
  try {
    return naming(file, () => {
      const store = new SqliteStore(
        () => openDurable(file, open),
        () => lock.close(),
      );
      try {
        checkStructure(store.read);
        return store;
      } catch (error) {
        store.close();
        throw error;
      }
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** What keeps a database from being opened is told with its file. */
function naming<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw troubleOf(error, file);
  }
}

/**
 * A handle whose commits survive a power cut. `synchronous` is a property of the connection, and better-sqlite3 is built
 * so that every open but the first gets NORMAL in WAL mode: it is set and read back each time (reliability.md F4).
 */
export function openDurable(file: string, open: OpenDriver): Driver {
  const driver = open(file);
  try {
    assertSafeVersion(readOne(driver, "SELECT sqlite_version()"));
    driver.exec("PRAGMA journal_mode = WAL");
    driver.exec("PRAGMA synchronous = FULL");
    driver.exec("PRAGMA foreign_keys = ON");
    driver.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    driver.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    assertDurable(driver);
    return driver;
  } catch (error) {
    driver.close();
    throw error;
  }
}

/** Reads back what was set. */
function assertDurable(driver: Driver): void {
  const mode = readOne(driver, "PRAGMA journal_mode");
  const synchronous = readOne(driver, "PRAGMA synchronous");
  if (mode !== "wal" || synchronous !== "2") {
    const got = `journal_mode ${mode}, synchronous ${synchronous}`;
    throw new SyncError("SQLITE_NOT_DURABLE", `The database does not accept durable commits (${got}).`, {
      expected: "wal, 2",
      got,
    });
  }
}

function readOne(driver: Driver, sql: string): string {
  const row = driver.prepare(sql).get() as Record<string, unknown>;
  return String(Object.values(row)[0]);
}

/** Runs the numbered migrations that a database lacks, each in a transaction of its own with its number. */
export function migrateStore(driver: Driver): void {
  const files = readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const done = Number(readOne(driver, "PRAGMA user_version"));
  if (done > files.length) {
    throw new SyncError(
      "SQLITE_NOT_DURABLE",
      `This database was written by a later release (schema ${done}, this one knows ${files.length}).`,
    );
  }
  for (const [index, name] of files.entries()) {
    if (index < done) continue;
    try {
      driver.exec(
        `BEGIN IMMEDIATE; ${readFileSync(new URL(name, MIGRATIONS), "utf8")}; PRAGMA user_version = ${index + 1}; COMMIT`,
      );
    } catch (error) {
      rollBack(driver);
      throw error;
    }
  }
}

/** SQLite may have rolled back by itself (full disk, I/O error); then there is nothing left to undo. */
function rollBack(driver: Driver): void {
  try {
    driver.exec("ROLLBACK");
  } catch (error) {
    if (!(error instanceof Error && /no transaction is active/.test(error.message))) throw error;
  }
}

/** `LocalStore` over any SQLite driver. `open` gives a fresh handle each time the store is (re)opened. */
export class SqliteStore implements LocalStore {
  readonly #open: () => Driver;
  readonly #onClose: () => void;
  readonly #statements = new Map<string, Statement>();
  #driver: Driver;
  #inTransaction = false;
  /** As the handle is set now; every handle is opened with FULL. */
  #flush: Flush = "now";
  #closed = false;

  readonly read: LocalStore["read"] = {
    get: <T>(sql: string, ...params: SqlValue[]) =>
      translated(() => this.#prepared(sql).get(...params) as T | undefined),
    all: <T>(sql: string, ...params: SqlValue[]) => translated(() => this.#prepared(sql).all(...params) as T[]),
  };

  readonly #sql: Sql = {
    ...this.read,
    run: (sql, ...params) => {
      if (!this.#inTransaction) throw new Error("A statement after its transaction has ended would commit on its own.");
      return translated(() => ({ changes: Number(this.#prepared(sql).run(...params).changes) }));
    },
  };

  constructor(open: () => Driver, onClose: () => void = () => {}) {
    this.#open = open;
    this.#onClose = onClose;
    this.#driver = open();
    try {
      migrateStore(this.#driver);
    } catch (error) {
      this.#driver.close();
      throw error;
    }
  }

  iterate<T>(sql: string, ...params: SqlValue[]): Iterable<T> {
    return this.#driver.prepare(sql).iterate(...params) as Iterable<T>;
  }

  transaction<T>(fn: (tx: Sql) => T, flush: Flush = "now"): T {
    if (this.#inTransaction)
      throw new Error("A store transaction inside a store transaction: commit would promise too much.");
    this.#flushing(flush);
    this.#inTransaction = true;
    try {
      const result = this.#run(fn);
      this.#commit();
      return result;
    } finally {
      this.#inTransaction = false;
    }
  }

  snapshot(file: string): Promise<void> {
    return copyDatabase(this.#driver, file);
  }

  /** A commit with FULL flushes the whole log, and so what was committed with NORMAL before it. */
  #flushing(flush: Flush): void {
    if (flush === this.#flush) return;
    this.#driver.exec(flush === "now" ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (flush === "now") assertDurable(this.#driver);
    this.#flush = flush;
  }

  #run<T>(fn: (tx: Sql) => T): T {
    try {
      this.#driver.exec("BEGIN IMMEDIATE");
      const result = fn(this.#sql);
      refusePromise(result);
      return result;
    } catch (error) {
      rollBack(this.#driver);
      const trouble = troubleOf(error);
      throw isUntrusted(trouble) ? unknown(trouble) : trouble;
    }
  }

  /**
   * A failed commit may still be there after recovery, so it is unknown, never "not sold" (reliability.md F6). But where
   * the log found no room, its last frame, which would make it a commit, was never whole: then it is certainly not there.
   */
  #commit(): void {
    try {
      this.#driver.exec("COMMIT");
    } catch (cause) {
      const trouble = troubleOf(cause);
      if (!(trouble instanceof SyncError && trouble.code === "STORE_FULL")) throw unknown(cause);
      rollBack(this.#driver);
      throw trouble;
    }
  }

  /**
   * Drops the handle and every page it trusted, recovers from the files, and moves what recovery found into the database
   * file with a flush of its own: after a failed flush the log's pages may sit in memory only.
   */
  reopen(): void {
    this.#statements.clear();
    try {
      this.#driver.close();
    } catch {
      // A handle that cannot even close is dropped; the files are what counts.
    }
    this.#driver = this.#open();
    this.#flush = "now";
    this.#driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const { log } = this.#driver.prepare("PRAGMA wal_checkpoint(PASSIVE)").get() as { log: number };
    if (log > 0)
      throw new Error("Another reader holds the log of the till's database, so it could not be moved to safety.");
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    try {
      this.#driver.close();
    } catch {
      // A handle that trouble closed before, or that cannot close: the lock has to be freed all the same.
    }
    this.#onClose();
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#driver.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** The commit would come before what the function still means to do. */
function refusePromise(result: unknown): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {}); // what it still tries fails for the same reason, which is told here
  throw new Error("A store transaction cannot wait for a promise; do what has to be awaited before it.");
}

function unknown(cause: unknown): SyncError {
  const message = "The database could not confirm the commit; it must be reopened to know.";
  return new SyncError("COMMIT_UNKNOWN", message, {}, cause);
}

function translated<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw troubleOf(error);
  }
}
