import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FreshDatabase, freshDatabase } from "../testing/fresh-database.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { migrate } from "./migrate.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".sql"))
  .sort();
const NAMES = FILES.map((name) => name.replace(/\.sql$/, ""));
const BACK = "SET LOCAL ROLE NONE; SET LOCAL search_path TO DEFAULT";

let whole: MigratedDatabase;
let database: FreshDatabase;
beforeAll(async () => {
  whole = await migratedDatabase();
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
  await whole.drop();
});

async function asSuperuser<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

const columns = (url: string) =>
  asSuperuser(url, async (client) => {
    const { rows } = await client.query(
      `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
       WHERE table_schema = 'tillsync' AND table_name NOT LIKE 'change_body_20%' ORDER BY 1, 2`,
    );
    return rows;
  });

/** The server dies with a migration open: its connection ends in the middle of the transaction. */
async function killedAfter(files: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  client.on("error", () => {});
  await client.connect();
  await client.query("BEGIN");
  for (const file of files) await client.query(`${readFileSync(new URL(file, FOLDER), "utf8")};\n${BACK}`);
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const ended = new Promise((resolve) => client.once("end", resolve));
  await asSuperuser(database.adminUrl, (admin) => admin.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]));
  await ended;
}

it("a centre whose server is killed after any migration has nothing of it, and the next start does all (upgrade interrupted, I24)", async () => {
  for (let count = 1; count <= FILES.length; count++) {
    await killedAfter(FILES.slice(0, count));
    expect(await columns(database.adminUrl), `killed after ${count}`).toEqual([]);
  }
  expect(await migrate(database.adminUrl)).toEqual(NAMES);
  expect(await columns(database.adminUrl)).toEqual(await columns(whole.adminUrl));
  expect(await migrate(database.adminUrl)).toEqual([]);
});

it("two servers that start together on an old schema bring it up once", async () => {
  const other = await freshDatabase();
  try {
    const done = await Promise.all([migrate(other.adminUrl), migrate(other.adminUrl)]);
    expect(done.flat().toSorted()).toEqual(NAMES);
  } finally {
    await other.drop();
  }
});
