import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { tempFolder } from "../testing/temp-folder.ts";
import { type EmbeddedPostgres, type PostgresOptions, startPostgres } from "./index.ts";
import { findFreePort } from "./ports.ts";

describe("startPostgres", () => {
  it("prepares a durable database that only this machine reaches, for a user who is no superuser", async () => {
    const postgres = await start({ dataDir: tempFolder() });
    const settings = ["fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "unix_socket_directories"];
    const [found] = await query(
      postgres.adminUrl,
      `SELECT ${[...settings, "max_connections", "server_encoding", "data_checksums", "timezone"]
        .map((name) => `current_setting('${name}') AS ${name}`)
        .join(", ")}`,
    );
    expect(found).toEqual({
      fsync: "on",
      synchronous_commit: "on",
      full_page_writes: "on",
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      max_connections: "100",
      server_encoding: "UTF8",
      data_checksums: "on",
      timezone: "UTC",
    });
    const owner = "SELECT current_user AS name, rolsuper AS super FROM pg_roles WHERE rolname = current_user";
    expect(await query(postgres.url, owner)).toEqual([{ name: "tillsync", super: false }]);
    expect(statSync(join(postgres.dataDir, "credentials.json")).mode & 0o777).toBe(0o600);
    expect(postgres.port).toBeLessThan(32768);
  });

  it("is not disturbed by settings for another server in the environment", async () => {
    vi.stubEnv("PGSSLMODE", "require").stubEnv("PGPORT", "1").stubEnv("PGDATA", "/nowhere");
    onTestFinished(() => void vi.unstubAllEnvs());
    const postgres = await start({ dataDir: tempFolder() });
    expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("refuses a wrong password", async () => {
    const postgres = await start({ dataDir: tempFolder() });
    const wrong = new URL(postgres.url);
    wrong.password = "guess";
    await expect(query(wrong.href, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  });

  it("continues with the data and on the port of the last run", async () => {
    const dataDir = tempFolder();
    const first = await start({ dataDir });
    await query(first.url, "CREATE TABLE sale AS SELECT 7 AS id");
    await first.stop("fast");
    const second = await start({ dataDir });
    expect(second.port).toBe(first.port);
    expect(await query(second.url, "SELECT id FROM sale")).toEqual([{ id: 7 }]);
  });

  it("recovers after kill -9 with everything that was acknowledged", async () => {
    const dataDir = tempFolder();
    const first = await start({ dataDir });
    await query(first.url, "CREATE TABLE sale (id int)");
    let acknowledged = 0;
    const selling = sell(first.url, () => {
      acknowledged += 1;
    });
    await expect.poll(() => acknowledged).toBeGreaterThan(50);
    await first.kill();
    await selling;
    const second = await start({ dataDir });
    const [{ count } = { count: 0 }] = await query<{ count: number }>(
      second.url,
      "SELECT count(*)::int AS count FROM sale",
    );
    expect(count).toBeGreaterThanOrEqual(acknowledged);
  });

  it("makes the database again when its preparation was interrupted", async () => {
    const dataDir = tempFolder();
    const unfinished = join(dataDir, "initialising-0123abcd");
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, "PG_VERSION"), "18\n");
    const lines: string[] = [];
    const postgres = await start({ dataDir, log: (line) => lines.push(line) });
    expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(lines[0]).toContain("interrupted");
  });

  it("takes the port asked for, and says PORT_IN_USE when it is taken", async () => {
    const taken = await listen();
    const dataDir = tempFolder();
    await expect(start({ dataDir, port: taken.port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
    await taken.close();
    expect((await start({ dataDir, port: taken.port })).port).toBe(taken.port);
  });

  it("takes another port when the one of the last run is taken", async () => {
    const dataDir = tempFolder();
    const taken = await listen();
    writeFileSync(join(dataDir, "port"), `${taken.port}\n`);
    expect((await start({ dataDir })).port).not.toBe(taken.port);
  });

  it("says DATA_DIR_NOT_WRITABLE when the folder cannot be made", async () => {
    const file = join(tempFolder(), "file");
    writeFileSync(file, "");
    await expect(start({ dataDir: join(file, "data") })).rejects.toMatchObject({ code: "DATA_DIR_NOT_WRITABLE" });
  });

  it("says DATA_DIR_IN_USE while another run has the folder", async () => {
    const first = await start({ dataDir: tempFolder() });
    const error: unknown = await start({ dataDir: first.dataDir }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "DATA_DIR_IN_USE",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await query(first.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("says PG_START_FAILED with PostgreSQL's own words when it refuses to start", async () => {
    const dataDir = tempFolder();
    await (await start({ dataDir })).stop("fast");
    appendFileSync(join(dataDir, "pg18", "postgresql.conf"), "max_connections = many\n");
    await expect(start({ dataDir })).rejects.toMatchObject({
      code: "PG_START_FAILED",
      message: expect.stringContaining('"max_connections": "many"'),
    });
  });

  it("says PG_START_FAILED when the passwords are gone or damaged, and makes no new ones", async () => {
    const dataDir = tempFolder();
    await (await start({ dataDir })).stop("fast");
    const file = join(dataDir, "credentials.json");
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 20));
    await expect(start({ dataDir })).rejects.toMatchObject({ code: "PG_START_FAILED", message: /damaged/ });
    rmSync(file);
    await expect(start({ dataDir })).rejects.toMatchObject({ code: "PG_START_FAILED", message: /is gone/ });
  });
});

async function start(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres(options);
  onTestFinished(() => postgres.stop("immediate"));
  return postgres;
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Inserts row after row until the server is gone. */
async function sell(url: string, onAcknowledged: () => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    for (let id = 0; ; id += 1) {
      await client.query("INSERT INTO sale VALUES ($1)", [id]);
      onAcknowledged();
    }
  } catch {
    // The end of the server is the end of selling.
  }
}

/** Not on a port that the system gives to outgoing connections: one might take it once this has ended. */
async function listen(): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer();
  const port = await findFreePort(undefined);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  onTestFinished(close);
  return { port, close };
}
