import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";
import { codeOf, failureOf, isConflict, isConnectionLost } from "./failure.ts";
import { pauseBeforeRetry } from "./pause.ts";

/** How often a transaction that lost against another is run again before the caller is told to come back. */
const RETRIES = 5;
/** No statement of ours is meant to take a second; one that takes this long holds locks that others wait for. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A server that stopped between two statements must not keep a terminal's lock. */
const IDLE_IN_TRANSACTION_MS = 30_000;

type Role = "tillsync_app" | "tillsync_relay" | "tillsync_migrator";
type Work<T> = (client: pg.PoolClient) => Promise<T>;

/**
 * Runs one transaction that can see and touch one store only, as role `tillsync_app`. COMMIT when `fn` resolves,
 * ROLLBACK when it throws. Deadlocks and serialization failures run `fn` again, up to 5 times, so it must keep nothing
 * from an earlier run.
 *
 * @throws SyncError UNAVAILABLE (retryable) when the database fails. After a lost COMMIT nobody knows whether it holds:
 *   `details.unknown` is true, and the caller has to be able to do the same again.
 */
export async function inScope<T>(pool: pg.Pool, scope: Scope, fn: Work<T>): Promise<T> {
  return transaction(pool, `${begin("tillsync_app")}, ${scopeText(scope)}`, fn);
}

/** Runs one read-only transaction as `tillsync_relay`, which sees every store's feed and changes. */
export async function inRelay<T>(pool: pg.Pool, fn: Work<T>): Promise<T> {
  return transaction(pool, begin("tillsync_relay", "READ ONLY"), fn);
}

/** Runs one transaction as `tillsync_migrator`: enrolment and partitions. It sees the directory, and no sale. */
export async function asOperator<T>(pool: pg.Pool, fn: Work<T>): Promise<T> {
  return transaction(pool, begin("tillsync_migrator"), fn);
}

/** Runs one transaction in which the key with this SHA-256 (64 hex digits), and nothing else, can be looked up. */
export async function withPresentedKey<T>(pool: pg.Pool, keyHash: string, fn: Work<T>): Promise<T> {
  if (!/^[0-9a-f]{64}$/.test(keyHash)) throw new TypeError("keyHash must be 64 hex digits");
  const presented = `set_config('tillsync.presented_key', '${keyHash}', true)`;
  return transaction(pool, `${begin("tillsync_app", "READ ONLY")}, ${presented}`, fn);
}

/**
 * Everything a transaction needs travels in one simple-protocol text with its BEGIN: one round trip, any login, and
 * nothing left on the session that pgbouncer in transaction mode would hand to somebody else. The settings are one
 * statement, to which callers add their own: each statement more costs as much as a small query.
 *
 * `synchronous_commit` is raised when somebody switched it off for the database or the login: what we acknowledge has
 * to be on the disk. A stricter setting (`remote_apply`) stays.
 */
function begin(role: Role, access: "READ WRITE" | "READ ONLY" = "READ WRITE"): string {
  return (
    `BEGIN ISOLATION LEVEL READ COMMITTED ${access}; SELECT set_config('role', '${role}', true), ` +
    `set_config('search_path', 'tillsync', true), set_config('statement_timeout', '${STATEMENT_TIMEOUT_MS}', true), ` +
    "set_config('TimeZone', 'UTC', true), " +
    `set_config('idle_in_transaction_session_timeout', '${IDLE_IN_TRANSACTION_MS}', true), ` +
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END"
  );
}

function scopeText(scope: Scope): string {
  return `set_config('tillsync.org', '${id(scope.orgId)}', true), set_config('tillsync.store', '${id(scope.storeId)}', true)`;
}

/** These numbers become part of a statement's text, so nothing but digits may pass. */
function id(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError("a scope consists of two whole numbers");
  return String(value);
}

async function transaction<T>(pool: pg.Pool, beginText: string, fn: Work<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, beginText, fn);
    } catch (error) {
      if (!isConflict(error) || attempt > RETRIES) throw failureOf(error) ?? error;
    }
    await pauseBeforeRetry(attempt);
  }
}

async function once<T>(pool: pg.Pool, beginText: string, fn: Work<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Not waited for: the first statements travel with it. Should it fail, so do they, and its failure is the one to tell.
  const begun = client.query(beginText);
  begun.catch(() => {});
  try {
    const result = await fn(client);
    await begun;
    await commit(client);
    return result;
  } catch (cause) {
    const error: unknown = await begun.then(
      () => cause,
      (failure: unknown) => failure,
    );
    broken = await undo(client, error);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  let command: string;
  try {
    command = (await client.query("COMMIT")).command;
  } catch (error) {
    // Only a SQLSTATE that is not about the connection says for certain that nothing was kept.
    if (codeOf(error) !== undefined && !isConnectionLost(error)) throw error;
    const message = "The connection broke while a transaction was being committed; whether it holds is unknown.";
    throw new SyncError("UNAVAILABLE", message, { part: "database", unknown: true }, error);
  }
  // PostgreSQL answers COMMIT with ROLLBACK, and no error, when a statement failed and the failure was swallowed.
  if (command !== "COMMIT")
    throw new Error("a failed statement was ignored, so PostgreSQL rolled the transaction back");
}

/** Ends the transaction; returns why the connection cannot go back to the pool, if it cannot. */
async function undo(client: pg.PoolClient, error: unknown): Promise<Error | undefined> {
  const cause = error instanceof SyncError ? error.cause : error;
  if (isConnectionLost(cause)) return cause instanceof Error ? cause : new Error("connection lost");
  try {
    await client.query("ROLLBACK");
    return undefined;
  } catch (failure) {
    return failure instanceof Error ? failure : new Error("ROLLBACK failed");
  }
}
