import { SyncError } from "@tillsync/protocol";

/** Where a central server listens when nobody says otherwise: reachable from this machine only. */
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 8080;

/** Connections of one server. An exchange holds one for some milliseconds; more would only queue in PostgreSQL. */
export const POOL_SIZE = 10;

/**
 * A PostgreSQL URL from what operators have at hand: `postgres://` or `postgresql://`, or the `jdbc:postgresql://` of
 * requirement 001, where user and password come apart (`DATABASE_USER`, `DATABASE_PASSWORD`).
 *
 * @throws SyncError CONFIG_INVALID naming `DATABASE_URL`; the message never holds the password
 */
export function databaseUrlOf(
  text: string,
  account: { user?: string | undefined; password?: string | undefined } = {},
): string {
  let url: URL;
  try {
    url = new URL(text.trim().replace(/^jdbc:/i, ""));
  } catch {
    throw invalid("something that is no URL");
  }
  if (!/^postgres(ql)?:$/.test(url.protocol)) throw invalid(`a URL that starts with ${url.protocol}//`);
  for (const name of ["user", "password"] as const) {
    // JDBC keeps them in the query as well.
    const given = url.searchParams.get(name) ?? account[name];
    url.searchParams.delete(name);
    if (given === undefined) continue;
    if (name === "user" && url.username === "") url.username = encodeURIComponent(given);
    if (name === "password" && url.password === "") url.password = encodeURIComponent(given);
  }
  return url.href;
}

/** `host:port` of a database URL, for sentences people read. */
export function databasePlace(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || "localhost"}:${port || "5432"}`;
}

function invalid(got: string): SyncError {
  const expected = "postgresql://user:password@host:5432/database";
  return new SyncError("CONFIG_INVALID", `DATABASE_URL must look like ${expected}; got ${got}.`, {
    field: "DATABASE_URL",
    expected,
    got,
  });
}
