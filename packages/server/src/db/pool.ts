import pg from "pg";

/** A statement that the server should have given up (`STATEMENT_TIMEOUT_MS` in scope.ts) and the network never answered. */
const QUERY_TIMEOUT_MS = 35_000;
/** Longer than a failover of a managed database takes to refuse, shorter than a till's patience. */
const CONNECT_TIMEOUT_MS = 5000;
const IDLE_TIMEOUT_MS = 30_000;

export interface PoolOptions {
  /** Connections at most. Two servers and an operator have to fit below PostgreSQL's own limit (100 unless set). */
  readonly max: number;
  /** Milliseconds until a query without an answer counts as lost; 0 waits for ever (migrations). */
  readonly queryTimeoutMs?: number;
  /** Looks at each new connection before it is used; one that it rejects is not. */
  readonly onConnect?: (client: pg.ClientBase) => Promise<void>;
}

/**
 * Connections to the central database.
 *
 * `bigint` arrives as a number (and throws past 2^53), `date` as text `YYYY-MM-DD`. Nothing is set on the session, so the
 * pool may point at pgbouncer in transaction mode: limits and roles come with each transaction (`scope.ts`).
 */
export function openPool(url: string, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: "tillsync",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    keepAlive: true,
    // Statements that do not wait for each other's answers travel together; each has its own Sync, so an error ends the
    // transaction and nothing else.
    pipeline: true,
    types: { getTypeParser },
    ...(options.onConnect === undefined ? {} : { onConnect: options.onConnect }),
  });
  // A backend that ends between two statements reports it as an event, and an event nobody listens to ends the process.
  // The pool forgets idle connections by itself; the next statement of a busy one fails and tells its caller.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

function getTypeParser(oid: number, format?: "text" | "binary") {
  if (format !== "binary" && oid === pg.types.builtins.INT8) return safeInteger;
  if (format !== "binary" && oid === pg.types.builtins.DATE) return (text: string) => text;
  return pg.types.getTypeParser(oid, format === "binary" ? "binary" : "text");
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large to be counted exactly`);
  return value;
}
