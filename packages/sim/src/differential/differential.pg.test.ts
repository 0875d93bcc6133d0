import { enroll, openPool } from "@tillsync/server";
import { type IngestStore, postgresIngest } from "@tillsync/server/ingest";
import { type MigratedDatabase, migratedDatabase } from "@tillsync/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { BEGIN_WALL_MS } from "../till/clock.ts";
import { memoryState, postgresState } from "./final-state.ts";
import { clockOf, memorySide, postgresSide } from "./sides.ts";
import { streamOf } from "./stream.ts";

/** As a developer waits for; more of them with TILLSYNC_SIM_SEEDS. */
const STREAMS = Math.max(40, Math.floor(Number(process.env.TILLSYNC_SIM_SEEDS ?? 0) / 50));
const REQUESTS = 60;

let database: MigratedDatabase;
let admin: ReturnType<typeof openPool>;
let store: IngestStore;

beforeAll(async () => {
  database = await migratedDatabase();
  admin = openPool(database.adminUrl, { max: 2 });
  store = await postgresIngest(database.pool);
});

afterAll(async () => {
  await admin.end();
  await database.drop();
});

/** The simulation believes its own PostgreSQL; this is why it may (reliability.md section 3, method rule 6). */
describe("the simulated centre answers and keeps what the real one does", () => {
  it.each(Array.from({ length: STREAMS }, (_, index) => index + 1))("stream %i", async (seed) => {
    const random = new Random(`stream ${seed}`);
    const terminals = [random.uuid(), random.uuid(), random.uuid()];
    const devices = [random.uuid(), random.uuid()];
    let scope = { orgId: 0, storeId: 0 };
    for (const [index, id] of [...terminals, ...devices].entries()) {
      const terminal = { id, shortId: `T0${index + 1}` };
      scope = await enroll(
        database.pool,
        { org: "sim", store: `S${seed}`, currency: "KES", role: "terminal", name: "till", terminal },
        BEGIN_WALL_MS,
      );
    }
    const clock = clockOf();
    const real = postgresSide(store, scope, clock.nowMs);
    const { side: simulated, tables } = memorySide(scope, [...terminals, ...devices], clock.nowMs);
    for (const [index, asked] of streamOf(random, { terminals, devices }, REQUESTS).entries()) {
      clock.tick();
      const answer = await real.hear(asked);
      expect({ seed, index, ...(await simulated.hear(asked)) }).toEqual({ seed, index, ...answer });
    }
    expect(memoryState(tables)).toEqual(await postgresState(admin, scope));
  });
});
