// A child process that opens a store on the file it is given, says so, and stays until it is ended.
import { SyncError } from "@tillsync/protocol";
import { betterSqlite, nodeSqlite, openStore } from "../sqlite/index.ts";

const [file = "", driver] = process.argv.slice(2);
try {
  openStore(file, driver === "node:sqlite" ? nodeSqlite : betterSqlite);
  process.stdout.write("holding\n");
  process.stdin.resume();
} catch (error) {
  process.stdout.write(`${error instanceof SyncError ? error.code : String(error)}\n`);
}
