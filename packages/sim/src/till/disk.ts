import type { Driver, OpenDriver, Statement } from "@tillsync/engine/sqlite";
import Database from "better-sqlite3";
import type { Random } from "../random.ts";

/** The process, or its power, ended in the middle of a statement. Nobody catches it but the simulated machine. */
export class Died extends Error {
  constructor() {
    super("the process died");
    this.name = "Died";
  }
}

/** What the next transaction of the product will meet. */
export type Trap =
  | { readonly kind: "die"; readonly at: "statement"; readonly after: number; readonly powerCut: boolean }
  | { readonly kind: "die"; readonly at: "before-commit" | "after-commit"; readonly powerCut: boolean }
  | { readonly kind: "commit-error"; readonly kept: boolean };

const FULL = 2;
/** As many commits a power cut takes at most: what SQLite has written since the system last wrote its pages out (F5). */
const MAX_LOST_COMMITS = 20;

/**
 * A till's disk: a real SQLite database in memory that outlives the processes which open it.
 *
 * What a power cut takes is decided by what the product asked SQLite for: with `synchronous = FULL` a commit is durable
 * when it returns; below that, and after a commit that failed halfway (reliability.md F5, F6), commits are durable only
 * after the next checkpoint, and a power cut takes some of the last ones. Those are kept undoable by running them as
 * savepoints inside one outer transaction of the simulator. A handle opens with NORMAL, as every second open of
 * better-sqlite3 does (F4), so a product that forgets to ask for FULL is found out.
 */
export class Disk {
  readonly #db: Database.Database;
  readonly #onTrap: (trap: Trap) => void;
  readonly #wrap: (driver: Driver) => Driver;
  readonly #prepared = new Map<string, Database.Statement>();
  #open: DiskDriver | null = null;
  #trap: Trap | null = null;
  #full = false;
  #misreads = 0;
  /** Commits that a power cut may take. */
  #undoable = 0;
  #inTransaction = false;
  #statements = 0;

  /**
   * @param onTrap called when a trap snaps; for `die` it must end the process
   * @param wrap what a broken variant puts between the product and the disk
   */
  constructor(onTrap: (trap: Trap) => void, wrap: (driver: Driver) => Driver = (driver) => driver, image?: Buffer) {
    this.#db = new Database(image ?? ":memory:");
    this.#onTrap = onTrap;
    this.#wrap = wrap;
  }

  readonly open: OpenDriver = () => {
    this.#open = new DiskDriver(this, this.#db);
    return this.#wrap(this.#open);
  };

  /** For the oracle: a statement on the database as it is, past all faults. */
  readonly prepare = (sql: string): Database.Statement => {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  };

  get full(): boolean {
    return this.#full;
  }

  setTrap(trap: Trap): void {
    this.#trap = trap;
  }

  setFull(full: boolean): void {
    this.#full = full;
  }

  /** The next `count` journal bodies that are read page by page come with a wrong byte. */
  misread(count: number): void {
    this.#misreads += count;
  }

  healed(): void {
    this.#trap = null;
    this.#full = false;
    this.#misreads = 0;
  }

  /** The process is gone: its transaction is rolled back and its handles do nothing any more. */
  processEnded(): void {
    if (this.#inTransaction) this.rollback();
    this.#open?.kill();
    this.#open = null;
    this.#trap = null;
  }

  /** Takes a random number of the last commits that were not durable. @returns how many */
  powerCut(random: Random): number {
    this.processEnded();
    const lost = this.#undoable === 0 ? 0 : random.below(Math.min(this.#undoable, MAX_LOST_COMMITS) + 1);
    if (lost > 0) this.#db.exec(`ROLLBACK TO s${this.#undoable - lost}`);
    this.flush();
    return lost;
  }

  image(): Buffer {
    if (this.#inTransaction) throw new Error("a database in the middle of a transaction cannot be copied");
    this.flush();
    return this.#db.serialize();
  }

  destroy(): void {
    this.#db.close();
  }

  /** Everything committed so far is durable. */
  flush(): void {
    if (this.#undoable > 0) this.#db.exec("COMMIT");
    this.#undoable = 0;
  }

  begin(synchronous: number): void {
    const volatile = synchronous < FULL || (this.#trap?.kind === "commit-error" && this.#trap.kept);
    this.#statements = 0;
    if (volatile || this.#undoable > 0) {
      if (this.#undoable === 0) this.#db.exec("BEGIN");
      this.#db.exec(`SAVEPOINT s${this.#undoable++}`);
    } else {
      this.#db.exec("BEGIN IMMEDIATE");
    }
    this.#inTransaction = true;
  }

  commit(synchronous: number): void {
    const trap = this.#trap;
    if (trap?.kind === "die" && trap.at !== "after-commit") this.#snap(trap);
    if (trap?.kind === "commit-error" && !trap.kept) {
      this.rollback();
      this.#snap(trap);
    }
    const kept = trap?.kind === "commit-error";
    if (this.#undoable === 0) this.#db.exec("COMMIT");
    else if (synchronous >= FULL && !kept) this.flush(); // a flush of the log takes everything before it along
    this.#inTransaction = false;
    if (trap) this.#snap(trap);
  }

  rollback(): void {
    this.#inTransaction = false;
    if (this.#undoable === 0) {
      this.#db.exec("ROLLBACK");
      return;
    }
    const last = --this.#undoable;
    this.#db.exec(`ROLLBACK TO s${last}; RELEASE s${last}`);
    if (last === 0) this.#db.exec("COMMIT");
  }

  beforeWrite(): void {
    const trap = this.#trap;
    if (trap?.kind === "die" && trap.at === "statement" && this.#statements++ >= trap.after) this.#snap(trap);
    if (this.#full) throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  }

  read<T>(row: T): T {
    const body = (row as { body?: unknown } | undefined)?.body;
    if (this.#misreads === 0 || typeof body !== "string") return row;
    this.#misreads--;
    return { ...row, body: flipped(body) };
  }

  #snap(trap: Trap): void {
    this.#trap = null;
    this.#onTrap(trap);
    if (trap.kind === "die") throw new Died();
    throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_FSYNC" });
  }
}

/** One wrong byte that keeps the text readable: the last digit or letter becomes another one. */
export function flipped(body: string): string {
  return body.replace(/[0-9a-z](?=[^0-9a-z]*$)/, (last) => (last === "1" ? "2" : "1"));
}

/** One handle. SQLite's own words are kept, so that what the product says to SQLite is what is tested. */
class DiskDriver implements Driver {
  readonly #disk: Disk;
  readonly #db: Database.Database;
  #synchronous = 1;
  #dead = false;

  constructor(disk: Disk, db: Database.Database) {
    this.#disk = disk;
    this.#db = db;
  }

  kill(): void {
    this.#dead = true;
  }

  exec(sql: string): void {
    this.#assertAlive();
    const whole = /^BEGIN IMMEDIATE;([\s\S]*);\s*COMMIT$/.exec(sql)?.[1];
    if (whole !== undefined) {
      this.#disk.begin(this.#synchronous);
      this.#disk.beforeWrite();
      this.#db.exec(whole);
      this.#disk.commit(this.#synchronous);
    } else if (sql === "BEGIN IMMEDIATE") this.#disk.begin(this.#synchronous);
    else if (sql === "COMMIT") this.#disk.commit(this.#synchronous);
    else if (sql === "ROLLBACK") this.#disk.rollback();
    else if (/^PRAGMA synchronous = FULL$/i.test(sql)) this.#synchronous = FULL;
    else if (/^PRAGMA synchronous = NORMAL$/i.test(sql)) this.#synchronous = FULL - 1;
    else if (/^PRAGMA wal_checkpoint/i.test(sql)) this.#disk.flush();
    else this.#db.exec(sql);
  }

  prepare(sql: string): Statement {
    this.#assertAlive();
    if (/^PRAGMA synchronous$/i.test(sql)) return answering({ synchronous: this.#synchronous });
    if (/^PRAGMA journal_mode$/i.test(sql)) return answering({ journal_mode: "wal" });
    const statement = this.#disk.prepare(sql);
    const disk = this.#disk;
    const alive = () => this.#assertAlive();
    // Rows that are read to be sent; a wrong byte in one that is read to sell is another matter.
    const isPage = /\bbody\b[\s\S]*LIMIT \?\s*$/.test(sql);
    return {
      run: (...params) => {
        alive();
        disk.beforeWrite();
        return statement.run(...params);
      },
      get: (...params) => {
        alive();
        return statement.get(...params);
      },
      all: (...params) => {
        alive();
        const rows = statement.all(...params);
        return isPage ? rows.map((row) => disk.read(row)) : rows;
      },
      iterate: (...params) => {
        alive();
        return statement.iterate(...params);
      },
    };
  }

  close(): void {
    this.#dead = true;
  }

  #assertAlive(): void {
    if (this.#dead) throw new Died();
  }
}

/** A memory database has no log and no flush; these two answers are what a file would give. */
function answering(row: Record<string, unknown>): Statement {
  return { run: () => ({ changes: 0 }), get: () => row, all: () => [row], iterate: () => [row] };
}
