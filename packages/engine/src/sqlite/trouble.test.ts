import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DiskTill } from "../testing/disk/disk-till.ts";
import { refusalOf } from "../testing/refusal.ts";
import { stubDriver } from "../testing/stub-driver.ts";
import { tempFile, tempFolder } from "../testing/temp-folder.ts";
import { betterSqlite, nodeSqlite, type OpenDriver } from "./driver.ts";
import { openStore } from "./store.ts";

const PAGE = 4096;

/** A till that was killed in its open shift: copies of its files, log included. */
function killedTill(sales: number): { folder: string; files: string[] } {
  const till = new DiskTill(tempFolder());
  till.start();
  till.terminal.openShift({ localId: "shift-1", operator: "Amina", businessDate: "2026-01-16" });
  for (let sale = 0; sale < sales; sale++) till.sell();
  const folder = tempFolder();
  const files = ["till.db", "till.db-wal", "till.db.witness"];
  for (const name of files) copyFileSync(join(till.folder, name), join(folder, name));
  till.drop();
  return { folder, files };
}

describe.each<[string, OpenDriver]>([
  ["better-sqlite3", betterSqlite],
  ["node:sqlite", nodeSqlite],
])("what keeps a database from being opened with %s", (_name, open) => {
  it("is told with its file: a folder that is not there", () => {
    const file = join(tempFolder(), "missing", "till.db");
    const { code, details } = refusalOf(() => openStore(file, open));
    expect({ code, file: details.file }).toEqual({ code: "DATA_DIR_NOT_WRITABLE", file });
  });

  it("is told: a file that is no database", () => {
    const file = tempFile();
    writeFileSync(
      file,
      "these are not the bytes of a database, and there are enough of them to be sure of it".repeat(99),
    );
    expect(refusalOf(() => openStore(file, open)).code).toBe("STORE_DAMAGED");
    expect(readFileSync(file, "utf8")).toContain("these are not the bytes");
  });
});

describe.each([
  ["SQLITE_READONLY_DIRECTORY", "DATA_DIR_NOT_WRITABLE"],
  ["SQLITE_CANTOPEN", "DATA_DIR_NOT_WRITABLE"],
  ["SQLITE_CORRUPT_INDEX", "STORE_DAMAGED"],
  ["SQLITE_BUSY", "LOCKED"],
  ["SQLITE_FULL", "STORE_FULL"],
  ["SQLITE_IOERR_READ", "COMMIT_UNKNOWN"],
  ["SQLITE_NOMEM", "COMMIT_UNKNOWN"],
])("a transaction that ends in %s", (driverCode, code) => {
  it(`is ${code}, and nothing of it is there`, () => {
    let armed = false;
    const open = stubDriver({
      exec: (sql, go) => {
        if (armed && sql === "BEGIN IMMEDIATE") throw Object.assign(new Error("trouble"), { code: driverCode });
        go();
      },
    });
    const store = openStore(tempFile(), open);
    armed = true;
    expect(refusalOf(() => store.transaction((tx) => tx.run("DELETE FROM lane"))).code).toBe(code);
    armed = false;
    store.reopen();
    store.transaction((tx) => tx.run("DELETE FROM lane"));
    store.close();
  });
});

describe("another program that writes into the till's database", () => {
  it("is waited for within bounds, then told; nothing is lost, and the till goes on when it is gone", () => {
    const file = tempFile();
    const store = openStore(file);
    const other = betterSqlite(file);
    other.exec("BEGIN IMMEDIATE");
    const act = () => store.transaction((tx) => tx.run("INSERT INTO open_order (local_id) VALUES ('a')"));
    expect(refusalOf(act).code).toBe("LOCKED");
    other.exec("ROLLBACK");
    other.close();
    act();
    expect(store.read.all("SELECT local_id FROM open_order")).toHaveLength(1);
    store.close();
  });
});

describe("files that are not what they were", () => {
  it("a log that was deleted is noticed by the witness: a new life begins before the first sale (I18)", () => {
    const { folder } = killedTill(20);
    rmSync(join(folder, "till.db-wal"));
    const till = new DiskTill(folder);
    till.start();
    const lives = till.store.read.all<{ reason: string }>("SELECT reason FROM life ORDER BY ordinal");
    expect(lives.at(-1)?.reason).toMatch(/lost|ahead|does not have/);
    till.drop();
  });

  it("a database that was put back to an older copy is noticed the same way", () => {
    const { folder } = killedTill(20);
    const older = killedTill(3);
    for (const name of ["till.db", "till.db-wal"]) copyFileSync(join(older.folder, name), join(folder, name));
    const till = new DiskTill(folder);
    till.start();
    expect(till.terminal.status().incarnationOrdinal).toBe(2);
    till.drop();
  });

  it("shared memory (-shm) that was deleted or is garbage costs nothing", () => {
    const { folder } = killedTill(5);
    writeFileSync(join(folder, "till.db-shm"), Buffer.alloc(32_768, 0xa5));
    const till = new DiskTill(folder);
    till.start();
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 1, headSeq: 6 });
    till.drop();
  });

  it.each(["till.db", "till.db-wal"])(
    "bytes of %s: whichever page is zeroed or has a bit flipped, the till says so or has everything (I28)",
    (name) => {
      const { folder, files } = killedTill(12);
      if (name === "till.db") betterSqlite(join(folder, name)).exec("PRAGMA wal_checkpoint(TRUNCATE)");
      const bytes = readFileSync(join(folder, name));
      const found = { whole: 0, refused: 0, noticed: 0 };
      for (let at = 0; at < bytes.length; at += PAGE / 2) {
        const copy = join(tempFolder(), "copy");
        mkdirSync(copy);
        for (const each of files) copyFileSync(join(folder, each), join(copy, each));
        const broken = Buffer.from(bytes);
        if (at % PAGE === 0) broken.fill(0, at, Math.min(at + PAGE, broken.length));
        else broken[at + 100] = (broken[at + 100] ?? 0) ^ 0x10;
        writeFileSync(join(copy, name), broken);
        found[startOf(copy)]++;
      }
      expect(found.refused + found.noticed).toBeGreaterThan(0);
    },
  );
});

/** Nothing altered may pass for whole: the start is refused with a code of ours, or the witness or a hash tells. */
function startOf(folder: string): "whole" | "refused" | "noticed" {
  const till = new DiskTill(folder);
  try {
    till.start();
  } catch (error) {
    expect((error as { code: string }).code).toMatch(/^(STORE_DAMAGED|STORE_FAILING|SQLITE_NOT_DURABLE)$/);
    return "refused";
  }
  try {
    if (till.terminal.status().incarnationOrdinal > 1) return "noticed";
    const sales = Array.from({ length: 12 }, (_, sale) => till.terminal.explain(`order-${sale + 1}`));
    if (sales.some((sale) => sale?.changes[0]?.intact === false)) return "noticed";
    expect(sales.every((sale) => sale?.changes[0]?.intact)).toBe(true);
    return "whole";
  } catch (error) {
    expect((error as { code: string }).code).toMatch(/^(STORE_DAMAGED|BODY_DAMAGED|JOURNAL_BROKEN)$/);
    return "noticed";
  } finally {
    till.drop();
  }
}
