import { realpathSync } from "node:fs";
import pg from "pg";
import type { Credentials } from "./data-folder.ts";
import { codeOf, messageOf } from "./postgres-error.ts";

const CONNECT_TIMEOUT_MS = 5000;
const OWNER = "tillsync";
/** Said in the URL, because a PGSSLMODE in the environment, meant for another server, would lock us out. */
const LOCAL = "?sslmode=disable";

/**
 * - `ready`: it serves this cluster.
 * - `starting`, `stopping`: it is there, and says so.
 * - `refused`: it answers, and does not know our password, or serves another cluster.
 * - `silent`: nobody answers.
 */
export type Answer = "ready" | "starting" | "stopping" | "refused" | "silent";

export function adminUrl(port: number, credentials: Credentials): string {
  return `postgresql://postgres:${credentials.admin}@127.0.0.1:${port}/postgres${LOCAL}`;
}

export function ownerUrl(port: number, credentials: Credentials): string {
  return `postgresql://${OWNER}:${credentials.owner}@127.0.0.1:${port}/${OWNER}${LOCAL}`;
}

/** A real connection, because an open port says nothing about recovery being over. */
export async function ask(port: number, credentials: Credentials, clusterDir: string): Promise<Answer> {
  try {
    return await withClient(adminUrl(port, credentials), async (client) => {
      const { rows } = await client.query<{ place: string }>("SELECT current_setting('data_directory') AS place");
      return samePlace(rows[0]?.place, clusterDir) ? "ready" : "refused";
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === "57P03") return messageOf(error).includes("shutting down") ? "stopping" : "starting";
    return code?.startsWith("28") === true ? "refused" : "silent";
  }
}

/** Makes the ordinary user and the database that Tillsync works with, unless they are there. */
export async function ensureDatabase(port: number, credentials: Credentials): Promise<void> {
  await withClient(adminUrl(port, credentials), async (client) => {
    const role = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [OWNER]);
    if (role.rowCount === 0) {
      // Not a superuser: row-level security, which keeps merchants apart, does not hold for one.
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD ${client.escapeLiteral(credentials.owner)}`);
    }
    const database = await client.query("SELECT FROM pg_database WHERE datname = $1", [OWNER]);
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${OWNER} OWNER ${OWNER}`);
  });
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A server that goes away between two queries reports it here; the query that follows fails by itself.
  client.on("error", () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function samePlace(place: string | undefined, clusterDir: string): boolean {
  if (place === undefined) return false;
  try {
    return realpathSync(place) === realpathSync(clusterDir);
  } catch {
    return false;
  }
}
