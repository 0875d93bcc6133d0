import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { ModuleWorld } from "../testing/module-world.ts";
import { ModuleWriters } from "../testing/module-writers.ts";

const WRITERS = 8;
const COMMITS = 40;

let database: MigratedDatabase;
let pool: pg.Pool;
let admin: pg.Pool;

beforeAll(async () => {
  database = await migratedDatabase();
  pool = openPool(database.url, { max: WRITERS + 4 });
  admin = openPool(database.adminUrl, { max: 2 });
});
afterAll(async () => {
  await pool.end();
  await admin.end();
  await database.drop();
});

it("a cursor misses nothing while transactions are held, where a sequence and a time do in the same run (I14, F1)", async ({
  annotate,
}) => {
  const seed = Number(process.env.TILLSYNC_SEED ?? Date.now() % 1e9);
  const shop = await ModuleWorld.open(pool);
  const figures = await new ModuleWriters(pool, admin, shop, WRITERS).run(seed, (commits) => commits >= COMMITS);
  annotate(`seed ${seed}: ${JSON.stringify(figures)}`);
  expect(figures).toMatchObject({ commits: WRITERS * COMMITS, missedByCursor: 0 });
  expect(figures.held).toBeGreaterThan(20);
  expect(figures.missedBySequence).toBeGreaterThan(0);
  expect(figures.missedByTimestamp).toBeGreaterThan(0);
});
