export { type FreshDatabase, freshDatabase } from "./fresh-database.ts";
export { type MigratedDatabase, migratedDatabase } from "./migrated-database.ts";
export { SampleLife, sampleChangeId, sampleSale } from "./sample-life.ts";
export { tempFolder } from "./temp-folder.ts";
