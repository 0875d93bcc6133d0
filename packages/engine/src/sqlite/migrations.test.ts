import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { refusalOf } from "../testing/refusal.ts";
import { tempFile } from "../testing/temp-folder.ts";
import { betterSqlite, type Driver, nodeSqlite, type OpenDriver } from "./driver.ts";
import { migrateStore, openDurable, openStore } from "./store.ts";

const FILES = readdirSync(new URL("./migrations/", import.meta.url)).sort();

function tables(driver: Driver): string[] {
  const rows = driver.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return (rows as { name: string }[]).map(({ name }) => name);
}

function version(driver: Driver): unknown {
  return Object.values(driver.prepare("PRAGMA user_version").get() as object)[0];
}

it("migrations are numbered from 1 without a gap", () => {
  expect(FILES).toEqual(FILES.map((_, index) => `${String(index + 1).padStart(6, "0")}.sql`));
});

describe.each<[string, OpenDriver]>([
  ["better-sqlite3", betterSqlite],
  ["node:sqlite", nodeSqlite],
])("migrating with %s", (_name, open) => {
  it("brings a new database up to this release, and a second time changes nothing", () => {
    const driver = openDurable(tempFile(), open);
    migrateStore(driver);
    expect(version(driver)).toBe(FILES.length);
    expect(tables(driver)).toContain("journal");
    const before = tables(driver);
    migrateStore(driver);
    expect({ tables: tables(driver), version: version(driver) }).toEqual({ tables: before, version: FILES.length });
    driver.close();
  });

  it("leaves a database as it was when a migration fails halfway, and can try again", () => {
    const driver = openDurable(tempFile(), open);
    driver.exec("CREATE TABLE shift (in_the_way INTEGER)");
    expect(() => migrateStore(driver)).toThrow(/already exists/);
    expect({ tables: tables(driver), version: version(driver) }).toEqual({ tables: ["shift"], version: 0 });
    driver.exec("DROP TABLE shift");
    migrateStore(driver);
    expect(version(driver)).toBe(FILES.length);
    driver.close();
  });

  it("frees file and lock when it fails, so that the next start can try again", () => {
    const file = tempFile();
    const driver = openDurable(file, open);
    driver.exec("CREATE TABLE shift (in_the_way INTEGER)");
    driver.close();
    expect(() => openStore(file, open)).toThrow(/already exists/);
    const mended = openDurable(file, open);
    mended.exec("DROP TABLE shift");
    mended.close();
    openStore(file, open).close();
  });

  it("refuses a database of a later release and leaves it alone", () => {
    const file = tempFile();
    const driver = openDurable(file, open);
    driver.exec(`PRAGMA user_version = ${FILES.length + 1}`);
    driver.close();
    const { code, message } = refusalOf(() => openStore(file, open));
    expect(code).toBe("SQLITE_NOT_DURABLE");
    expect(message).toContain("later release");
    const again = openDurable(file, open);
    expect({ tables: tables(again), version: version(again) }).toEqual({ tables: [], version: FILES.length + 1 });
    again.close();
  });
});
