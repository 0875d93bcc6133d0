import { betterSqlite, type Driver, type OpenDriver, type Statement } from "../sqlite/index.ts";

/** What a stub does in SQLite's place. What is absent is SQLite's own business. */
export interface Stub {
  /** Called for every `exec`; `go` lets SQLite do it. */
  readonly exec?: (sql: string, go: () => void) => void;
  /** The answer to a statement's `get`, in place of SQLite's; undefined asks SQLite. */
  readonly get?: (sql: string) => Record<string, unknown> | undefined;
}

/** Real SQLite with a stub in front of it. */
export function stubDriver(stub: Stub, open: OpenDriver = betterSqlite): OpenDriver {
  return (file) => {
    const driver = open(file);
    return {
      exec: (sql) => (stub.exec ? stub.exec(sql, () => driver.exec(sql)) : driver.exec(sql)),
      prepare: (sql) => stubStatement(driver, sql, stub),
      close: () => driver.close(),
    };
  };
}

function stubStatement(driver: Driver, sql: string, stub: Stub): Statement {
  const statement = driver.prepare(sql);
  return {
    run: (...params) => statement.run(...params),
    get: (...params) => stub.get?.(sql) ?? statement.get(...params),
    all: (...params) => statement.all(...params),
    iterate: (...params) => statement.iterate(...params),
  };
}
