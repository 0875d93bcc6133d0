import { describe, expect, it } from "vitest";
import type { LocalStore } from "../ports.ts";
import { refusalOf } from "../testing/refusal.ts";
import { stubDriver } from "../testing/stub-driver.ts";
import { tempFile } from "../testing/temp-folder.ts";
import { betterSqlite, nodeSqlite, type OpenDriver } from "./driver.ts";
import { openDurable, openStore } from "./store.ts";

/** Where a commit fails: SQLite has written nothing yet, or everything (a flush that reports an error, F6). */
type Moment = "before it took effect" | "after it took effect";

/** A store whose next commit fails once it is armed. */
function fragile(open: OpenDriver, moment: Moment): { store: LocalStore; arm: () => void } {
  let armed = false;
  const failing = stubDriver(
    {
      exec: (sql, go) => {
        if (sql !== "COMMIT" || !armed) return go();
        armed = false;
        if (moment === "after it took effect") go();
        throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_FSYNC" });
      },
    },
    open,
  );
  const store = openStore(tempFile(), failing);
  store.transaction((tx) => tx.run("CREATE TABLE kept (id INTEGER) STRICT"));
  return { store, arm: () => (armed = true) };
}

const ids = (store: LocalStore) => store.read.all<{ id: number }>("SELECT id FROM kept").map(({ id }) => id);

describe.each<[string, OpenDriver]>([
  ["better-sqlite3", betterSqlite],
  ["node:sqlite", nodeSqlite],
])("a commit that fails on %s", (_name, open) => {
  it.each<[Moment, number[]]>([
    ["before it took effect", []],
    ["after it took effect", [1]],
  ])("%s is unknown until the store was reopened (I3)", (moment, found) => {
    const { store, arm } = fragile(open, moment);
    arm();
    const error = refusalOf(() => store.transaction((tx) => tx.run("INSERT INTO kept VALUES (1)")));
    expect(error.code).toBe("COMMIT_UNKNOWN");
    expect(error.cause).toMatchObject({ code: "SQLITE_IOERR_FSYNC" });
    store.reopen();
    expect(ids(store)).toEqual(found);
    store.transaction((tx) => tx.run("INSERT INTO kept VALUES (2)"));
    expect(ids(store)).toEqual([...found, 2]);
    store.close();
  });
});

describe("reopening", () => {
  it("moves what is in the log into the database file, past pages that may sit in memory only", () => {
    const file = tempFile();
    const store = openStore(file);
    store.transaction((tx) => tx.run("CREATE TABLE kept (id INTEGER) STRICT"));
    store.reopen();
    const { log } = store.read.get<{ log: number }>("PRAGMA wal_checkpoint(PASSIVE)") ?? { log: -1 };
    expect(log).toBe(0);
    store.close();
  });

  it("does not claim safety while another reader holds the log", () => {
    const file = tempFile();
    const store = openStore(file);
    store.transaction((tx) => tx.run("CREATE TABLE kept (id INTEGER) STRICT"));
    const reader = openDurable(file, betterSqlite);
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM kept").get();
    store.transaction((tx) => tx.run("INSERT INTO kept VALUES (1)"));
    expect(() => store.reopen()).toThrow(/Another reader/);
    reader.close();
    store.reopen();
    expect(ids(store)).toEqual([1]);
    store.close();
  });

  it("gets over a handle that does not even close", () => {
    let stuck = true;
    const store = openStore(tempFile(), (file) => {
      const driver = betterSqlite(file);
      if (file.endsWith(".lock")) return driver;
      const close = () => {
        if (!stuck) return driver.close();
        stuck = false;
        driver.close();
        throw new Error("disk I/O error");
      };
      return { exec: (sql) => driver.exec(sql), prepare: (sql) => driver.prepare(sql), close };
    });
    store.transaction((tx) => tx.run("CREATE TABLE kept (id INTEGER) STRICT"));
    store.reopen();
    expect(ids(store)).toEqual([]);
    store.close();
  });
});

describe.each<[string, OpenDriver]>([
  ["better-sqlite3", betterSqlite],
  ["node:sqlite", nodeSqlite],
])("a full disk on %s", (_name, open) => {
  it("refuses the transaction with a code of its own, leaves nothing, and goes on when there is space", () => {
    const store = openStore(tempFile(), open);
    store.transaction((tx) => tx.run("CREATE TABLE kept (id INTEGER, text TEXT) STRICT"));
    const pages = store.read.get<{ page_count: number }>("PRAGMA page_count")?.page_count ?? 0;
    store.read.get(`PRAGMA max_page_count = ${pages + 1}`);
    const long = "x".repeat(100_000);
    const act = () =>
      store.transaction((tx) => {
        tx.run("INSERT INTO kept VALUES (1, 'short')");
        tx.run("INSERT INTO kept VALUES (2, ?)", long);
      });
    const { code, retryable } = refusalOf(act);
    expect({ code, retryable }).toEqual({ code: "STORE_FULL", retryable: true });
    expect(ids(store)).toEqual([]);
    store.read.get("PRAGMA max_page_count = 1000000");
    act();
    expect(ids(store)).toEqual([1, 2]);
    store.close();
  });
});

describe("a transaction that is over", () => {
  it("lets no statement of its function through any more", () => {
    const store = openStore(tempFile());
    const leaked = store.transaction((tx) => tx);
    expect(() => leaked.run("DELETE FROM lane")).toThrow(/after its transaction has ended/);
    store.close();
  });
});
