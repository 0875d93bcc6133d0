import { betterSqlite, type Driver } from "../../sqlite/index.ts";
import type { DiskVariant } from "./disk-till.ts";

/** Mistakes that the checks have to find; `product` is none. */
export const DISK_VARIANTS: Readonly<Record<string, DiskVariant>> = {
  product: {},
  /** Every handle is left as better-sqlite3 opens it the second time, and says otherwise (reliability.md F4). */
  "synchronous NORMAL": { open: (file) => unflushed(betterSqlite(file)) },
  /** The witness is flushed before the sale is committed: after a cut it is ahead, and says the database was rolled back. */
  "witness before the commit": {
    store: (store) => ({ ...bound(store), transaction: (fn, flush) => store.transaction(fn, flush === "now" || flush === undefined ? "later" : flush) }),
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
  const variant = DISK_VARIANTS[name];
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
