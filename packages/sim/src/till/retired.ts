import type { Driver } from "@tillsync/engine/sqlite";

/** Bytes that a till's engine gave up, by the hash that stayed: what the oracle holds the centre's copy against. */
export type RetiredBytes = Map<string, { readonly body: string; readonly private: string | null }>;

/** Keeps what the engine is about to give up. One that gives bytes up by another statement is told by its empty rows. */
export function remembering(driver: Driver, kept: RetiredBytes, onRetired: () => void): Driver {
  return {
    exec: (sql) => driver.exec(sql),
    close: () => driver.close(),
    prepare: (sql) => {
      const statement = driver.prepare(sql);
      if (!sql.startsWith("UPDATE journal SET body = ''")) return statement;
      const read = driver.prepare("SELECT lower(hex(hash)) AS hash, body, private FROM journal WHERE position = ?");
      return {
        get: (...params) => statement.get(...params),
        all: (...params) => statement.all(...params),
        iterate: (...params) => statement.iterate(...params),
        run: (...params) => {
          const row = read.get(params.at(-1)) as { hash: string; body: string; private: string | null } | undefined;
          if (row !== undefined) kept.set(row.hash, row);
          onRetired();
          return statement.run(...params);
        },
      };
    },
  };
}
