import { SyncError } from "@tillsync/protocol";

/** Serialization failure and deadlock: the transaction did nothing, and the same one again may succeed. */
const CONFLICTS = new Set(["40001", "40P01"]);

/** SQLSTATEs that speak of the database's own state, not of what was asked of it. */
const OUTAGES: Readonly<Record<string, string>> = {
  "25006": "it accepts no writes (is it a standby?)",
  "28000": "it refuses our login",
  "28P01": "it refuses our password",
  "3D000": "it does not have our database",
  "53100": "its disk is full",
  "53200": "it is out of memory",
  "53300": "it has no connection left for us",
  "55P03": "a lock took too long",
  "57014": "a statement took too long",
};

/** Of the network below PostgreSQL, as Node names it. */
const NETWORK = /^(ECONN|EPIPE$|ETIMEDOUT$|ENOTFOUND$|EAI_|EHOST|ENET)/;

/** What `pg` throws without any code when a connection is gone, never came about, or does not answer. */
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

/** True when the transaction was undone because of another one, and is worth running again. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error) ?? "");
}

/** True when the connection cannot be used any more, and nothing is known of a statement that was under way. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return /^(08|57P0|58|25P0[34])/.test(code) || NETWORK.test(code);
  return error instanceof Error && DRIVER.test(error.message);
}

/**
 * The refusal that a failure of the database means to a caller: UNAVAILABLE, which is retryable. Undefined when the
 * error is about something else: then it is a mistake of ours, or already a SyncError.
 */
export function failureOf(error: unknown): SyncError | undefined {
  if (error instanceof SyncError) return undefined;
  if (isConflict(error)) return unavailable("other writers were in the way again and again", error);
  const outage = OUTAGES[codeOf(error) ?? ""];
  if (outage !== undefined) return unavailable(outage, error);
  return isConnectionLost(error) ? unavailable("it does not answer", error) : undefined;
}

/** The SQLSTATE of a PostgreSQL error (`40001`) or the code of a system error (`ECONNREFUSED`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function unavailable(why: string, cause: unknown): SyncError {
  return new SyncError("UNAVAILABLE", `The central database cannot be used now: ${why}.`, { part: "database" }, cause);
}
