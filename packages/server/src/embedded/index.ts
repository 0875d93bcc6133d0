export { locateBinaries } from "./binaries.ts";
export { PostgresError, type PostgresErrorCode } from "./postgres-error.ts";
export { type EmbeddedPostgres, type PostgresOptions, startPostgres } from "./start-postgres.ts";
