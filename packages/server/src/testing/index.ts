export { DEFAULT_RATES, DOOR } from "../http/door-limits.ts";
export { centreMetrics } from "../http/metrics.ts";
export { type FreshDatabase, freshDatabase } from "./fresh-database.ts";
export { type DoorKeys, doorKeys, fuzzContents, fuzzServer, serverRequest } from "./fuzz-doors.ts";
export { exchangeExample } from "./fuzz-examples.ts";
export { fuzzReaders } from "./fuzz-readers.ts";
export { type MigratedDatabase, migratedDatabase } from "./migrated-database.ts";
export { SampleLife, sampleChangeId, sampleSale } from "./sample-life.ts";
export { tempFolder } from "./temp-folder.ts";
