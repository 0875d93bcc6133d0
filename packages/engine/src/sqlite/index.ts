export { assertSafeVersion, betterSqlite, type Driver, nodeSqlite, type OpenDriver, type Statement } from "./driver.ts";
export { holdLock } from "./lock.ts";
export { type JournalReader, readOnly } from "./reader.ts";
export { migrateStore, openDurable, openStore, SqliteStore } from "./store.ts";
