import { SyncError } from "@tillsync/protocol";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { LocalStore, Sql } from "../ports.ts";
import { tempFile } from "../testing/temp-folder.ts";

/** Opens a store on a file, as a till does at its start. Each call is a new opener; the suite closes what it opens. */
export type MakeStore = (file: string) => LocalStore;

/**
 * What `LocalStore` promises (ports.ts), for any implementation.
 *
 * ```ts
 * localStoreContract("better-sqlite3", (file) => openStore(file, betterSqlite));
 * ```
 */
export function localStoreContract(name: string, makeStore: MakeStore): void {
  describe(`LocalStore on ${name}`, () => {
    let file: string;
    let store: LocalStore;

    beforeEach(() => {
      file = tempFile();
      store = opened(makeStore, file);
      store.transaction((tx) => tx.run("CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT) STRICT"));
    });

    describe("a transaction", () => transactionContract(() => store));
    describe("a transaction that cannot be", () => refusalContract(() => store));
    describe("values", () => valueContract(() => store));
    describe("opening and closing", () => openingContract(makeStore, () => ({ store, file })));
  });
}

const insert = (tx: Sql, id: number, text = "x") => tx.run("INSERT INTO kept (id, text) VALUES (?, ?)", id, text);
const idsOf = (store: LocalStore) =>
  store.read.all<{ id: number }>("SELECT id FROM kept ORDER BY id").map(({ id }) => id);

function transactionContract(the: () => LocalStore): void {
  it("commits all of it and gives the function's result", () => {
    const result = the().transaction((tx) => {
      insert(tx, 1);
      insert(tx, 2);
      return "done";
    });
    expect(result).toBe("done");
    expect(idsOf(the())).toEqual([1, 2]);
  });

  it("sees its own writes before anybody else can", () => {
    the().transaction((tx) => {
      insert(tx, 1);
      expect(tx.get<{ n: number }>("SELECT count(*) AS n FROM kept")?.n).toBe(1);
      expect(tx.all("SELECT id FROM kept")).toHaveLength(1);
    });
  });

  it("leaves nothing behind when the function throws, and passes its error on untouched (I4)", () => {
    const error = new Error("the drawer is stuck");
    const act = () =>
      the().transaction((tx) => {
        insert(tx, 1);
        throw error;
      });
    expect(act).toThrow(error);
    expect(idsOf(the())).toEqual([]);
    the().transaction((tx) => insert(tx, 2));
    expect(idsOf(the())).toEqual([2]);
  });

  it("leaves nothing behind when a statement fails, even the ones before it", () => {
    const act = () =>
      the().transaction((tx) => {
        insert(tx, 1);
        insert(tx, 1);
      });
    expect(act).toThrow(/UNIQUE|constraint/i);
    expect(idsOf(the())).toEqual([]);
  });

  it("goes on when the function itself handles a failed statement", () => {
    the().transaction((tx) => {
      insert(tx, 1);
      expect(() => insert(tx, 1)).toThrow();
      insert(tx, 2);
    });
    expect(idsOf(the())).toEqual([1, 2]);
  });

  it("tells how many rows a statement changed", () => {
    the().transaction((tx) => {
      insert(tx, 1);
      insert(tx, 2);
      expect(tx.run("UPDATE kept SET text = 'y'").changes).toBe(2);
      expect(tx.run("DELETE FROM kept WHERE id > 5").changes).toBe(0);
    });
  });
}

function refusalContract(the: () => LocalStore): void {
  it("refuses a transaction inside a transaction, and the outer one can still commit", () => {
    the().transaction((tx) => {
      insert(tx, 1);
      expect(() => the().transaction((inner) => insert(inner, 2))).toThrow(/inside a store transaction/);
    });
    expect(idsOf(the())).toEqual([1]);
    the().transaction((tx) => insert(tx, 3));
    expect(idsOf(the())).toEqual([1, 3]);
  });

  it("refuses a function that goes on later, because the commit would not wait for it", () => {
    const act = () =>
      the().transaction(async (tx) => {
        insert(tx, 1);
      });
    expect(act).toThrow(/promise/);
    expect(idsOf(the())).toEqual([]);
  });
}

function valueContract(the: () => LocalStore): void {
  it.each([
    ["text", "Wanjikũ 😀 \u0000 'quoted'"],
    ["the largest safe integer", Number.MAX_SAFE_INTEGER],
    ["the smallest safe integer", Number.MIN_SAFE_INTEGER],
    ["a fraction", 0.1],
    ["null", null],
  ])("come back as they went in: %s", (_what, value) => {
    expect(the().read.get<{ value: unknown }>("SELECT ? AS value", value)?.value).toBe(value);
  });

  it("come back as they went in: bytes", () => {
    const bytes = new Uint8Array([0, 1, 254, 255]);
    const value = the().read.get<{ value: Uint8Array }>("SELECT ? AS value", bytes)?.value;
    expect([...(value ?? [])]).toEqual([...bytes]);
  });

  it("gives undefined for no row and an empty list for no rows", () => {
    expect(the().read.get("SELECT id FROM kept WHERE id = 99")).toBeUndefined();
    expect(the().read.all("SELECT id FROM kept WHERE id = 99")).toEqual([]);
  });

  it("iterates rows one at a time, and stopping halfway leaves the store usable", () => {
    the().transaction((tx) => {
      for (let id = 1; id <= 100; id++) insert(tx, id);
    });
    const seen: number[] = [];
    for (const { id } of the().iterate<{ id: number }>("SELECT id FROM kept WHERE id > ? ORDER BY id", 10)) {
      if (id > 20) break;
      seen.push(id);
    }
    expect(seen).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    the().transaction((tx) => insert(tx, 101));
    expect(idsOf(the())).toHaveLength(101);
  });
}

function openingContract(makeStore: MakeStore, the: () => { store: LocalStore; file: string }): void {
  it("shows after closing and opening what was committed", () => {
    const { store, file } = the();
    store.transaction((tx) => insert(tx, 1));
    store.close();
    expect(idsOf(opened(makeStore, file))).toEqual([1]);
  });

  it("shows after reopen what was committed, and takes new transactions", () => {
    const { store } = the();
    store.transaction((tx) => insert(tx, 1));
    store.reopen();
    expect(idsOf(store)).toEqual([1]);
    store.transaction((tx) => insert(tx, 2));
    store.reopen();
    expect(idsOf(store)).toEqual([1, 2]);
  });

  it("refuses a second opener and names the file (I25)", () => {
    const { store, file } = the();
    const error = errorOf(() => makeStore(file).close());
    expect(error).toBeInstanceOf(SyncError);
    expect((error as SyncError).code).toBe("LOCKED");
    expect((error as SyncError).message).toContain(file);
    expect((error as SyncError).details.file).toBe(file);
    store.transaction((tx) => insert(tx, 1));
    store.reopen();
    expect((errorOf(() => makeStore(file).close()) as SyncError).code).toBe("LOCKED");
  });

  it("lets the next opener in after close, and closing twice does no harm", () => {
    const { store, file } = the();
    store.close();
    store.close();
    const second = opened(makeStore, file);
    store.close();
    expect((errorOf(() => makeStore(file).close()) as SyncError).code).toBe("LOCKED");
    second.close();
  });

  it("keeps two files apart", () => {
    const other = opened(makeStore, tempFile());
    expect(() => idsOf(other)).toThrow(/no such table/);
  });
}

function opened(makeStore: MakeStore, file: string): LocalStore {
  const store = makeStore(file);
  onTestFinished(() => store.close());
  return store;
}

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("expected a refusal; nothing was thrown");
}
