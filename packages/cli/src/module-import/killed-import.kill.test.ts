import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { enroll, openPool } from "@tillsync/server";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Child } from "../demo/child.ts";
import { temporaryFile } from "../import/testing/temporary-file.ts";
import { freePorts } from "../testing/free-ports.ts";
import { TillsyncProcess } from "../testing/tillsync-process.ts";
import { sendRows } from "./send-rows.ts";

const STORE = { org: "demo", store: "STORE001", currency: "KES" } as const;
/** Many slices: long enough to be met in the middle of it. */
const MANY = 20_000;
const FILLER = "word ".repeat(30);
/** Rows of the catalogue that stood before. */
const FEW = 500;

let folder: string;
let database: MigratedDatabase;
let admin: pg.Pool;
let server: Child;
let till: Terminal;
let tillFile: string;
let deaths = 0;

beforeAll(async () => {
  database = await migratedDatabase();
  admin = openPool(database.adminUrl, { max: 2 });
  folder = mkdtempSync(join(tmpdir(), "tillsync-import-"));
  server = await Child.start({
    name: "The central server",
    args: ["server", "--port", String(await freePorts(1))],
    env: { DATABASE_URL: database.url },
    logFile: join(folder, "server.log"),
    onDeath: () => void deaths++,
  });
  const asked = { ...STORE, role: "terminal", name: "till", terminal: { shortId: "T01" } } as const;
  const { terminal = "", key } = await enroll(database.pool, asked, Date.now());
  tillFile = join(folder, "till.db");
  const central = { url: server.url, key };
  till = openTerminal({ file: tillFile, terminal, shortId: "T01", store: STORE.store, currency: "KES", central });
});
afterAll(async () => {
  await till.close(0);
  await server.stop();
  await admin.end();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

it("a server killed while an import streams in, and killed again while it is applied: nothing of it is seen, and sent again it is whole", async () => {
  const key = (await enroll(database.pool, { ...STORE, role: "admin", name: "head office" }, Date.now())).key;
  const door = { url: server.url, key };
  const items = { module: "items", scope: "organization" } as const;
  await sendRows(door, { ...items, file: await temporaryFile("before.ndjson", rows(FEW, "as it was")) });
  const file = await temporaryFile("after.ndjson", rows(MANY, "as it will be"));
  await tillIsEqual();
  const stood = await atCentre();
  // Whatever comes in waits for this lock before it is applied, so that no import is over before it is seen.
  const locked = await admin.connect();
  await locked.query("BEGIN; SELECT FROM tillsync.module_state FOR UPDATE;");

  const command = new TillsyncProcess(["import", "--module", "items", file, "--centre", server.url, "--json"], {
    env: { TILLSYNC_ADMIN_KEY: key },
  });
  await expect.poll(() => writers("INSERT INTO staged%"), { interval: 2 }).toBe(1);
  expect(server.kill()).toBe(true);
  const { code, stderr } = await command.ended();
  expect(code).toBe(1);
  expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({ error: { code: "UNREACHABLE" } });
  await serves();
  expect(await atCentre()).toEqual(stood);

  const applying = sendRows(door, { ...items, file }).catch((error: unknown) => error);
  await expect.poll(() => writers("SELECT %module_state%FOR UPDATE"), { interval: 2 }).toBeGreaterThan(0);
  expect(server.kill()).toBe(true);
  expect(await applying).toMatchObject({ code: "UNREACHABLE" });
  // PostgreSQL goes on with what the dead server asked for, and finds nobody to tell.
  await locked.query("ROLLBACK");
  locked.release();
  await expect.poll(() => writers("%"), { interval: 2 }).toBe(0);
  await serves();
  expect(await atCentre()).toEqual(stood);
  await tillIsEqual();

  const counts = { n: stood.n + 1, inserted: MANY - FEW, updated: FEW, deleted: 0 };
  expect(await sendRows(door, { ...items, file })).toMatchObject(counts);
  expect(await atCentre()).toMatchObject({ n: stood.n + 1, count: MANY, commits: stood.n + 1 });
  await tillIsEqual();
  expect(deaths).toBe(2);
});

function rows(count: number, name: string): string {
  return Array.from(
    { length: count },
    (_, index) => `{"id":"item-${index}","name":"Item ${index} ${name}, ${FILLER}"}\n`,
  ).join("");
}

/** It was started again. */
async function serves(): Promise<void> {
  const isReady = () =>
    fetch(`${server.url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isReady, { interval: 20 }).toBe(true);
}

/** Transactions whose last statement, under way or done, is like this one. */
async function writers(like: string): Promise<number> {
  const { rows: found } = await admin.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM pg_stat_activity WHERE datname = current_database()
       AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND query LIKE $1`,
    [like],
  );
  return found[0]?.count ?? 0;
}

async function atCentre() {
  const { rows: found } = await admin.query<{ n: number; hash: string; count: number; commits: number; texts: string }>(
    `SELECT s.n::integer, encode(s.hash, 'hex') AS hash, s.row_count::integer AS count,
       (SELECT count(*)::integer FROM tillsync.module_commit) AS commits,
       (SELECT encode(sha256(convert_to(string_agg(row_text, E'\\n' ORDER BY id), 'UTF8')), 'hex') FROM tillsync.module_row) AS texts
     FROM tillsync.module_state s`,
  );
  if (found[0] === undefined) throw new Error("the module was never written");
  return found[0];
}

/** The till asks, pulls, and has byte for byte what the centre has. */
async function tillIsEqual(): Promise<void> {
  const { n, texts } = await atCentre();
  await till.syncNow();
  await expect.poll(() => till.modules().modules.find(({ state }) => state === "current")?.n, { interval: 10 }).toBe(n);
  const db = new DatabaseSync(tillFile, { readOnly: true });
  const kept = db
    .prepare("SELECT row FROM module_row JOIN module_copy ON generation = base WHERE row IS NOT NULL ORDER BY id")
    .all();
  db.close();
  expect(
    createHash("sha256")
      .update(kept.map(({ row }) => row).join("\n"))
      .digest("hex"),
  ).toBe(texts);
}
