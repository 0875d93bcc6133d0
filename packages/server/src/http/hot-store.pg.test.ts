import { randomUUID } from "node:crypto";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Enrolled, enroll } from "../directory/enroll.ts";
import { type RunningServer, startServer } from "../main.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { SampleLife } from "../testing/sample-life.ts";

/** Tills of the hot store, each sending batch after batch without a pause. */
const HOT_TILLS = 24;
const QUIET_EXCHANGES = 15;
const SALES = 20;

let database: MigratedDatabase;
let server: RunningServer;

beforeAll(async () => {
  database = await migratedDatabase();
  const log = pino({ level: "silent" });
  server = await startServer({ databaseUrl: database.url, host: "127.0.0.1", port: 0, log });
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

const enrol = (store: string, shortId: string) =>
  enroll(
    server.pool,
    { org: "demo", store, currency: "KES", role: "terminal", name: shortId, terminal: { shortId } },
    0,
  );

/** Sends a life of its own with so many sales. @returns the status */
async function send(till: Enrolled, sales: number): Promise<number> {
  const life = new SampleLife(till.terminal ?? "", randomUUID().replaceAll("-", "").slice(0, 16));
  life.addSales(sales);
  const answer = await fetch(`${server.url}/api/sync/exchange`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${till.key}` },
    body: JSON.stringify(life.request()),
  });
  await answer.arrayBuffer();
  return answer.status;
}

it("a store that sends without a pause keeps no other store waiting, and /health answers (S22)", async () => {
  const hot = await Promise.all(Array.from({ length: HOT_TILLS }, (_, index) => enrol("hot", `H${index + 10}`)));
  const quiet = await enrol("quiet", "Q01");
  let hotAnswers = 0;
  let stopping = false;
  const statuses = new Set<number>();
  const rush = hot.map(async (till) => {
    while (!stopping) {
      statuses.add(await send(till, SALES));
      hotAnswers += 1;
    }
  });
  while (hotAnswers < HOT_TILLS) await send(quiet, 1);
  /** How many of the hot store's requests were answered while one of the quiet store was under way. */
  const overtaken: number[] = [];
  for (let each = 0; each < QUIET_EXCHANGES; each++) {
    const before = hotAnswers;
    expect(await send(quiet, 1)).toBe(200);
    overtaken.push(hotAnswers - before);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  }
  stopping = true;
  await Promise.all(rush);
  // Some twenty wait at any time. In one row with them, an exchange of the quiet store would see as many go first.
  const median = overtaken.sort((a, b) => a - b)[(QUIET_EXCHANGES - 1) / 2];
  expect(median).toBeLessThan(HOT_TILLS / 2);
  expect(statuses).toEqual(new Set([200]));
});
