// A child process that opens a store on the file it is given, says so, and stays until it is ended.
import { SyncError } from "@tillsync/protocol";
import { betterSqlite, nodeSqlite, openStore } from "../sqlite/index.ts";

const [file = "", driver] = process.argv.slice(2);
try {
  const store = openStore(file, driver === "node:sqlite" ? nodeSqlite : betterSqlite);
  process.stdout.write("holding\n");
  // The store stays in use: a database nobody refers to is closed by the collector, and its lock with it.
  process.stdin.resume().once("end", () => store.close());
} catch (error) {
  process.stdout.write(`${error instanceof SyncError ? error.code : String(error)}\n`);
}
