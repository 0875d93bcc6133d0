import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { tempFile } from "../testing/temp-folder.ts";
import { betterSqlite } from "./driver.ts";
import { openDurable, openStore } from "./store.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
const FILES = readdirSync(FOLDER).sort();
const MARK = "0190a5da-c967-774b-8cce-b302099a8057";

/** The statements of a migration; a line that ends with a semicolon ends one. */
function statementsOf(file: string): string[] {
  const lines = readFileSync(new URL(file, FOLDER), "utf8").split("\n");
  const statements: string[] = [];
  let open: string[] = [];
  for (const line of lines.map((text) => text.replace(/^\s*--.*$/, ""))) {
    if (line.trim() !== "") open.push(line);
    if (!line.trimEnd().endsWith(";")) continue;
    statements.push(open.join("\n"));
    open = [];
  }
  return statements;
}

/** A database that has seen the first `count` migrations, with a row of its own in it. */
function databaseAt(count: number): string {
  const file = tempFile();
  const driver = openDurable(file, betterSqlite);
  for (const [index, name] of FILES.slice(0, count).entries())
    driver.exec(`BEGIN; ${readFileSync(new URL(name, FOLDER), "utf8")}; PRAGMA user_version = ${index + 1}; COMMIT`);
  if (count > 0) driver.exec(`INSERT INTO identity VALUES (1, '${MARK}', 'T01', 'STORE001')`);
  driver.close();
  return file;
}

/** The files as a kill leaves them in the middle of a migration: pages of what was not committed are in the log. */
function killedIn(file: string, statements: readonly string[]): string {
  const driver = openDurable(file, betterSqlite);
  const left = tempFile();
  driver.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE");
  for (const statement of statements) driver.exec(statement);
  copyFileSync(file, left);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${left}-wal`);
  driver.exec("ROLLBACK");
  driver.close();
  return left;
}

it.each(FILES.map((name, index) => [name, index] as const))(
  "a till killed at any step of migration %s starts as if it had never begun (upgrade interrupted, I24)",
  (name, index) => {
    const statements = statementsOf(name);
    for (let step = 0; step <= statements.length; step++) {
      const left = killedIn(databaseAt(index), statements.slice(0, step));
      const store = openStore(left);
      const version = store.read.get<{ user_version: number }>("PRAGMA user_version")?.user_version;
      const check = store.read.all<{ integrity_check: string }>("PRAGMA integrity_check");
      const mark = store.read.get<{ terminal: string }>("SELECT terminal FROM identity")?.terminal;
      store.close();
      expect({ step, version, check, mark }).toEqual({
        ...{ step, version: FILES.length, check: [{ integrity_check: "ok" }] },
        mark: index === 0 ? undefined : MARK,
      });
    }
  },
);
