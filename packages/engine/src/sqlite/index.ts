export { assertSafeVersion, betterSqlite, type Driver, nodeSqlite, type OpenDriver, type Statement } from "./driver.ts";
export { type InspectOptions, inspectTill, type LifeContents, type TillContents } from "./inspect.ts";
export { holdLock } from "./lock.ts";
export { type JournalReader, readOnly, retiredColumn } from "./reader.ts";
export { copyDatabase } from "./snapshot.ts";
export { migrateStore, openDurable, openStore, SqliteStore } from "./store.ts";
