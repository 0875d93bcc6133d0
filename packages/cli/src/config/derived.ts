import { join } from "node:path";
import type { Values } from "./keys.ts";

/** Base URL of the centre: 001's endpoint names a whole path, of which only the origin counts. */
export function centralUrl(values: Values): string {
  return new URL(values["Sync.CentralApiEndpoint"]).origin;
}

/** URL of the central database with user and password filled in; undefined for the embedded one. */
export function databaseUrl(values: Values): string | undefined {
  const given = values["Server.DatabaseUrl"];
  if (given === undefined) return undefined;
  const url = new URL(given);
  fillIn(url, "user", "username", values["Server.DatabaseUser"]);
  fillIn(url, "password", "password", values["Server.DatabasePassword"]);
  return url.href;
}

/** The terminal's SQLite file. */
export function terminalFile(values: Values): string {
  return values["Database.ConnectionString"] ?? join(values["Terminal.DataDir"], "till.db");
}

/** Java's way is to name them in the query (`?user=..&password=..`); they count as given, and a socket's URL takes no others. */
function fillIn(url: URL, parameter: string, part: "username" | "password", value: string | undefined): void {
  if (value === undefined || url[part] !== "" || url.searchParams.has(parameter)) return;
  if (url.hostname === "") url.searchParams.set(parameter, value);
  else url[part] = encodeURIComponent(value);
}
