import { SyncError } from "@tillsync/protocol";
import { betterSqlite, type Driver, type OpenDriver } from "../../sqlite/index.ts";
import type { DiskVariant } from "./disk-till.ts";

/**
 * SQLite moves its log into the database after 1,000 pages; a traced day does so after fewer. It then has as many of these
 * moments as a year of a real till's days, and images stay small.
 */
const CHECKPOINT_PAGES = 120;

const often: OpenDriver = (file) => {
  const driver = betterSqlite(file);
  if (!file.endsWith(".lock")) driver.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  return driver;
};

/** Mistakes that the checks have to find; `product` is none. */
export const DISK_VARIANTS: Readonly<Record<string, DiskVariant>> = {
  product: { open: often },
  /** Every handle is left as better-sqlite3 opens it the second time, and says otherwise (reliability.md F4). */
  "synchronous NORMAL": { open: (file) => unflushed(often(file)) },
  /** Sales are flushed with what comes later, and the witness at once: after a cut it is ahead of the database. */
  "sales flushed later": {
    open: often,
    store: (store) => ({ ...bound(store), transaction: (fn) => store.transaction(fn, "later") }),
    witness: (witness) => ({
      read: () => witness.read(),
      write: (seen) => {
        witness.write(seen);
        witness.flush();
      },
      flush: () => witness.flush(),
      close: () => witness.close(),
    }),
  },
};

/** Failing calls have to show these. */
export const FAILING_VARIANTS: Readonly<Record<string, DiskVariant>> = {
  /** A commit that reports an error counts as "not sold"; the database is not opened anew to see. */
  "commit error means not sold": {
    store: (store) => ({
      ...bound(store),
      transaction: (fn, flush) => {
        try {
          return store.transaction(fn, flush);
        } catch (error) {
          if (!(error instanceof SyncError && error.code === "COMMIT_UNKNOWN")) throw error;
          throw new SyncError("NOT_SOLD", "This variant guesses.");
        }
      },
    }),
  },
  /** The same, guessed the other way: the receipt prints. */
  "commit error means sold": {
    store: (store) => ({
      ...bound(store),
      transaction: (fn, flush) => {
        let result: ReturnType<typeof fn> | undefined;
        try {
          return store.transaction((tx) => (result = fn(tx)), flush);
        } catch (error) {
          if (!(error instanceof SyncError && error.code === "COMMIT_UNKNOWN")) throw error;
          return result as ReturnType<typeof fn>;
        }
      },
    }),
  },
  /** The handle goes on after a failed flush: what the log has in memory only counts as safe. */
  "no checkpoint after a failed flush": {
    store: (store) => ({ ...bound(store), reopen: () => {} }),
  },
};

function bound(store: Parameters<NonNullable<DiskVariant["store"]>>[0]) {
  const { read } = store;
  return {
    read,
    iterate: store.iterate.bind(store),
    transaction: store.transaction.bind(store),
    reopen: () => store.reopen(),
    close: () => store.close(),
  };
}

export function variantNamed(name: string): DiskVariant {
  const variant = DISK_VARIANTS[name] ?? FAILING_VARIANTS[name];
  if (variant === undefined) throw new Error(`there is no variant "${name}"`);
  return variant;
}

function unflushed(driver: Driver): Driver {
  return {
    exec: (sql) => driver.exec(sql.replace(/synchronous = FULL/i, "synchronous = NORMAL")),
    prepare: (sql) => driver.prepare(/^PRAGMA synchronous$/i.test(sql) ? "SELECT 2 AS synchronous" : sql),
    close: () => driver.close(),
  };
}
