import { localStoreContract } from "../contract/index.ts";
import { betterSqlite, nodeSqlite } from "./driver.ts";
import { openStore } from "./store.ts";

localStoreContract("better-sqlite3", (file) => openStore(file, betterSqlite));
localStoreContract("node:sqlite", (file) => openStore(file, nodeSqlite));
