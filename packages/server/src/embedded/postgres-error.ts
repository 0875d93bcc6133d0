/**
 * What can go wrong with the embedded PostgreSQL. Every message is one sentence that a person can act on.
 *
 * - `PG_BINARIES_MISSING`: npm has no PostgreSQL for this machine, or it is incomplete.
 * - `DATA_DIR_NOT_WRITABLE`: the data folder cannot be made or written.
 * - `DATA_DIR_IN_USE`: another living process runs PostgreSQL on this data folder.
 * - `PORT_IN_USE`: the port asked for belongs to another program.
 * - `PG_START_FAILED`: PostgreSQL refused; the message ends with the last lines of its log.
 */
export type PostgresErrorCode =
  | "PG_BINARIES_MISSING"
  | "DATA_DIR_NOT_WRITABLE"
  | "DATA_DIR_IN_USE"
  | "PORT_IN_USE"
  | "PG_START_FAILED";

export class PostgresError extends Error {
  readonly code: PostgresErrorCode;

  constructor(code: PostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PostgresError";
    this.code = code;
  }
}

/** The `code` of a system error (`ENOENT`) or of PostgreSQL (`57P03`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
