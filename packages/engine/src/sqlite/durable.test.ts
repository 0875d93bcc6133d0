import { describe, expect, it } from "vitest";
import { refusalOf } from "../testing/refusal.ts";
import { type Stub, stubDriver } from "../testing/stub-driver.ts";
import { tempFile } from "../testing/temp-folder.ts";
import { assertSafeVersion, betterSqlite, type Driver, nodeSqlite, type OpenDriver } from "./driver.ts";
import { openDurable, openStore } from "./store.ts";

const DRIVERS: readonly [string, OpenDriver][] = [
  ["better-sqlite3", betterSqlite],
  ["node:sqlite", nodeSqlite],
];

function pragma(driver: Driver, name: string): unknown {
  return Object.values(driver.prepare(`PRAGMA ${name}`).get() as object)[0];
}

describe.each(DRIVERS)("a handle of %s", (_name, open) => {
  it("is durable at every open, not only at the one that made the file (F4)", () => {
    const file = tempFile();
    for (let opened = 0; opened < 3; opened++) {
      const driver = openDurable(file, open);
      expect([pragma(driver, "journal_mode"), pragma(driver, "synchronous")]).toEqual(["wal", 2]);
      driver.exec("CREATE TABLE IF NOT EXISTS kept (id INTEGER)");
      driver.close();
    }
  });

  it("stays durable when the store reopens it after trouble", () => {
    const handles: Driver[] = [];
    const store = openStore(tempFile(), (path) => {
      const driver = open(path);
      if (!path.endsWith(".lock")) handles.push(driver);
      return driver;
    });
    store.reopen();
    store.reopen();
    const last = handles.at(-1);
    expect(handles).toHaveLength(3);
    expect(last && pragma(last, "synchronous")).toBe(2);
    store.close();
  });

  it("flushes each transaction but those that may wait, and never a later one with them (I2)", () => {
    const commits: unknown[] = [];
    let handle: Driver | undefined;
    const store = openStore(tempFile(), (path) => {
      const driver = stubDriver(
        {
          exec: (sql, go) => {
            if (sql === "COMMIT" && handle) commits.push(pragma(handle, "synchronous"));
            go();
          },
        },
        open,
      )(path);
      if (!path.endsWith(".lock")) handle = driver;
      return driver;
    });
    const write = (flush?: "now" | "later") =>
      store.transaction((tx) => tx.run("INSERT INTO open_order (local_id) VALUES (?)", String(commits.length)), flush);
    write();
    write("later");
    write("later");
    write("now");
    write("later");
    write();
    write("later");
    store.reopen();
    write();
    expect(commits).toEqual([2, 1, 1, 2, 1, 2, 1, 2]);
    store.close();
  });

  it("runs on a SQLite without the WAL-reset bug", () => {
    const driver = open(tempFile());
    const version = String(Object.values(driver.prepare("SELECT sqlite_version()").get() as object)[0]);
    driver.close();
    expect(() => assertSafeVersion(version)).not.toThrow();
  });
});

describe("a database that cannot promise durability", () => {
  const ignoring = (word: string): Stub => ({ exec: (sql, go) => (sql.includes(word) ? undefined : go()) });

  it("is refused when SQLite ignores synchronous = FULL on a reopened file", () => {
    const file = tempFile();
    openDurable(file, betterSqlite).close();
    const { code, details } = refusalOf(() => openDurable(file, stubDriver(ignoring("synchronous"))));
    expect({ code, ...details }).toEqual({
      code: "SQLITE_NOT_DURABLE",
      expected: "wal, 2",
      got: "journal_mode wal, synchronous 1",
    });
  });

  it("sells nothing when SQLite ignores that it is to flush again", () => {
    let opened = false;
    const store = openStore(
      tempFile(),
      stubDriver({ exec: (sql, go) => (opened && /= FULL/.test(sql) ? undefined : go()) }),
    );
    opened = true;
    const write = (flush: "now" | "later") =>
      store.transaction((tx) => tx.run("INSERT INTO open_order (local_id) VALUES (?)", flush), flush);
    write("later");
    expect(refusalOf(() => write("now")).code).toBe("SQLITE_NOT_DURABLE");
    expect(store.read.all("SELECT local_id FROM open_order")).toEqual([{ local_id: "later" }]);
    store.close();
  });

  it("is refused when SQLite stays out of WAL mode", () => {
    const { code, details } = refusalOf(() => openDurable(tempFile(), stubDriver(ignoring("journal_mode = WAL"))));
    expect({ code, got: details.got }).toEqual({
      code: "SQLITE_NOT_DURABLE",
      got: "journal_mode delete, synchronous 2",
    });
  });

  it("frees its lock, so that a mended machine can start", () => {
    const file = tempFile();
    expect(refusalOf(() => openStore(file, stubDriver(ignoring("WAL")))).code).toBe("SQLITE_NOT_DURABLE");
    openStore(file).close();
  });
});

describe("the SQLite version gate (F8)", () => {
  it.each(["3.51.3", "3.50.7", "3.50.99", "3.52.1", "3.53.0", "3.54.1", "4.0.0"])("lets %s in", (version) => {
    expect(() => assertSafeVersion(version)).not.toThrow();
  });

  it.each(["3.51.2", "3.51.0", "3.52.0", "3.50.6", "3.49.9", "3.40.1", "3.7.0", "", "unknown"])(
    "refuses %j",
    (version) => {
      const { code, details } = refusalOf(() => assertSafeVersion(version));
      expect({ code, got: details.got }).toEqual({ code: "SQLITE_TOO_OLD", got: version });
    },
  );

  it("is asked before anything is written to the file", () => {
    const written: string[] = [];
    const open = stubDriver({
      get: (sql) => (sql.includes("sqlite_version") ? { version: "3.51.2" } : undefined),
      exec: (sql, go) => {
        written.push(sql);
        go();
      },
    });
    expect(refusalOf(() => openDurable(tempFile(), open)).code).toBe("SQLITE_TOO_OLD");
    expect(written).toEqual([]);
  });
});
