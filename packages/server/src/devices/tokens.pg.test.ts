import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { type Enrolled, type Enrolment, enroll } from "../directory/enroll.ts";
import { exchange } from "../ingest/exchange.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { sha256 } from "../ledger/sha256.ts";
import { HeldCommits } from "../testing/held-commits.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { SampleLife } from "../testing/sample-life.ts";
import { type TestApp, testApp } from "../testing/test-app.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const START_MS = Date.UTC(2026, 0, 16, 10);
const DEVICES = 5;
const TILLS = 2;
const ROUNDS = 25;

let database: MigratedDatabase;
let pool: pg.Pool;
let admin: pg.Pool;
let place: Pick<Enrolment, "org" | "store" | "currency">;
let key: Enrolled;
let world: TestApp;
let context: ExchangeContext;
/** Each reading of it is a millisecond later than the one before. */
let nowMs: number;
let stores = 0;

beforeAll(async () => {
  database = await migratedDatabase();
  pool = openPool(database.url, { max: 16 });
  admin = openPool(database.adminUrl, { max: 2 });
});
afterAll(async () => {
  await pool.end();
  await admin.end();
  await database.drop();
});
beforeEach(() => useStore());

/** A store of its own, behind doors whose transactions are held as `held` says. */
async function useStore(held = new HeldCommits(1, () => false)): Promise<void> {
  nowMs = START_MS;
  place = { org: "demo", store: `S${++stores}`, currency: "KES" };
  key = await enroll(pool, { ...place, role: "foreign", name: "any POS" }, nowMs);
  context = { store: held.wrap(await postgresIngest(pool)), sha256, nowMs: () => ++nowMs };
  const rates = { perDevice: 1e6, perStore: 1e6 };
  world = testApp(pool, { submitting: context, rates });
}

interface Syncable {
  readonly localId: string;
  readonly syncVersion: number;
  readonly syncedAt: number;
}

async function ask<T>(method: "GET" | "POST", url: string, payload?: object): Promise<T> {
  const headers = { authorization: `Bearer ${key.key}`, "content-type": "application/json" };
  const { statusCode, body } = await world.app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  expect(statusCode, body).toBe(200);
  return JSON.parse(body);
}

type Answer = { readonly syncedOrders: { success: boolean; syncedAt: number }[]; readonly nextSyncToken: string };

function batch(deviceId: string, orders: Record<string, number>): Promise<Answer> {
  const rows = Object.entries(orders).map(([localId, syncVersion]) => ({
    order: { id: localId, total: syncVersion },
    localId,
    syncVersion,
  }));
  return ask("POST", "/api/sync/batch", { deviceId, orders: rows });
}

function updates(deviceId: string, since: string | number) {
  const url = `/api/sync/updates?deviceId=${deviceId}&since=${since}`;
  return ask<{ orders: Syncable[]; nextSyncToken: string }>("GET", url);
}

const idsOf = (rows: readonly { localId: string }[]) => rows.map(({ localId }) => localId).sort();

/** A device that follows with the tokens it is given. */
class TokenReader {
  readonly versions = new Map<string, number>();
  /** How often each document was told. */
  readonly told = new Map<string, number>();
  #token = "0";

  async read(): Promise<void> {
    const { orders, nextSyncToken } = await updates("reader", this.#token);
    for (const { localId, syncVersion } of orders) {
      this.versions.set(localId, syncVersion);
      this.told.set(localId, (this.told.get(localId) ?? 0) + 1);
    }
    this.#token = nextSyncToken;
  }
}

/** What requirement 004 says to do, taken literally: the cursor is the latest time seen. */
class TimestampReader {
  readonly seen = new Set<string>();
  #last = new Date(0);

  async read(): Promise<void> {
    const { rows } = await admin.query<{ row: string; at: Date }>(
      `SELECT local_id || ' ' || encode(hash, 'hex') AS row, received_at AS at FROM tillsync.change_head
       WHERE org_id = $1 AND store_id = $2 AND received_at > $3 ORDER BY received_at`,
      [key.orgId, key.storeId, this.#last],
    );
    for (const { row } of rows) this.seen.add(row);
    this.#last = rows.at(-1)?.at ?? this.#last;
  }
}

const count = async (table: "document" | "change_head") => {
  const { rows } = await admin.query<{ n: number }>(
    `SELECT count(*)::integer AS n FROM tillsync.${table} WHERE org_id = $1 AND store_id = $2`,
    [key.orgId, key.storeId],
  );
  return rows[0]?.n;
};

describe("nextSyncToken (I14, reliability.md F1)", () => {
  it("misses nothing that was committed late, where a timestamp cursor in the same run does", async () => {
    const held = new HeldCommits(2, (n) => n === 1);
    await useStore(held);
    const [byToken, byTime] = [new TokenReader(), new TimestampReader()];
    const readBoth = () => Promise.all([byToken.read(), byTime.read()]);
    const late = batch("A", { "o-a": 1 });
    await held.held;
    for (let n = 1; n <= 4; n++) await batch("B", { [`o-b${n}`]: 1 });
    await readBoth();
    expect(idsOf([...byToken.versions.keys()].map((localId) => ({ localId })))).not.toContain("o-a");
    held.releaseAll();
    await late;
    await readBoth();
    expect(held.count).toBe(1);
    expect([...byToken.versions.keys()].sort()).toEqual(["o-a", "o-b1", "o-b2", "o-b3", "o-b4"]);
    expect([...byToken.told.values()]).toEqual([1, 1, 1, 1, 1]);
    expect([...byTime.seen].some((row) => row.startsWith("o-a "))).toBe(false);
    expect(byTime.seen.size).toBe(4);
  });

  it("is exact while devices and tills write and every fifth transaction is held: 0 missed, no version told twice", async (context) => {
    const held = new HeldCommits(DEVICES + TILLS, (n) => n % 5 === 0);
    await useStore(held);
    const [byToken, byTime] = [new TokenReader(), new TimestampReader()];
    let writing = true;
    const writers = [
      ...Array.from({ length: DEVICES }, (_, device) => writeAsDevice(`device-${device}`)),
      ...Array.from({ length: TILLS }, (_, till) => writeAsTill(`T0${till + 1}`)),
    ].map((written) => written.finally(() => held.writerEnds()));
    const reading = (async () => {
      while (writing) {
        const read = held.reading();
        await Promise.all([byToken.read(), byTime.read()]);
        read.done();
      }
    })();
    const expected = new Map((await Promise.all(writers)).flatMap((versions) => [...versions]));
    writing = false;
    await reading;
    await byToken.read();
    await byTime.read();

    expect(held.count).toBeGreaterThan(10);
    expect(await count("document")).toBe(expected.size);
    expect(new Map([...byToken.versions].sort())).toEqual(new Map([...expected].sort()));
    // Once for each version at most: what changed twice between two readings is told once.
    const tooOften = [...byToken.told].filter(([localId, times]) => times > (expected.get(localId) ?? 0));
    expect(tooOften).toEqual([]);
    const changes = (await count("change_head")) ?? 0;
    const missedByTime = changes - byTime.seen.size;
    context.annotate(`${changes} changes, ${held.count} held: 0 missed by token, ${missedByTime} by timestamp`);
    expect(missedByTime).toBeGreaterThan(0);
  });

  async function writeAsDevice(deviceId: string): Promise<Map<string, number>> {
    const versions = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const orders: Record<string, number> = { [`${deviceId}-${round}`]: 1, [`${deviceId}-${round}b`]: 1 };
      // Every fourth is changed later on.
      if (round % 4 === 3) orders[`${deviceId}-${round - 3}`] = 2;
      const { syncedOrders } = await batch(deviceId, orders);
      expect(syncedOrders.every(({ success }) => success)).toBe(true);
      for (const [localId, version] of Object.entries(orders)) versions.set(localId, version);
    }
    return versions;
  }

  async function writeAsTill(shortId: string): Promise<Map<string, number>> {
    const till = await enroll(pool, { ...place, role: "terminal", name: shortId, terminal: { shortId } }, nowMs);
    const life = new SampleLife(till.terminal ?? "");
    for (let round = 0; round < ROUNDS; round++) {
      const from = life.wires.length + 1;
      life.addSales(3, shortId);
      await exchange(context, { orgId: key.orgId, storeId: key.storeId }, life.request(from));
    }
    return new Map(life.wires.map((_, index) => [`${shortId}-${index + 1}`, 1]));
  }
});

describe("since, when it is no token of this device's", () => {
  it("is served from a day earlier: a row committed after a later one is not lost behind a syncedAt", async () => {
    const held = new HeldCommits(2, (n) => n === 1);
    await useStore(held);
    const late = batch("A", { "o-a": 1 });
    await held.held;
    const { syncedOrders, nextSyncToken } = await batch("B", { "o-b": 1 });
    const syncedAt = syncedOrders[0]?.syncedAt ?? 0;
    held.releaseAll();
    await late;
    for (const since of [syncedAt, nextSyncToken, syncedAt + 60_000, nowMs + 10 * DAY_MS, START_MS - DAY_MS, 0, ""])
      expect(idsOf((await updates("C", since)).orders)).toEqual(["o-a", "o-b"]);
  });

  it("goes back one day and no further, and a device's own token goes back nowhere", async () => {
    const own: string[] = [];
    for (const day of [0, 1, 2, 3]) {
      nowMs = START_MS + day * DAY_MS;
      await batch("A", { [`day-${day}`]: 1 });
      own.push((await updates("C", 0)).nextSyncToken);
    }
    nowMs += 60_000;
    const told = async (since: string | number) => idsOf((await updates("C", since)).orders);
    expect(await told(START_MS + 2 * DAY_MS + 1000)).toEqual(["day-2", "day-3"]);
    expect(await told(999_999_999_999_999)).toEqual(["day-3"]);
    expect(await told(own[1] ?? "")).toEqual(["day-2", "day-3"]);
    expect(await told(own[3] ?? "")).toEqual([]);
    // Another device was told other things under that token: to it, it is a time.
    expect(idsOf((await updates("D", own[1] ?? "")).orders)).toEqual(["day-1", "day-2", "day-3"]);
  });

  it("keeps the last 100 tokens of a device; an older one is a time, and loses nothing", async () => {
    const tokens: string[] = [];
    for (let n = 0; n < 130; n++) {
      await batch("A", { [`o-${n}`]: 1 });
      tokens.push((await updates("C", tokens.at(-1) ?? 0)).nextSyncToken);
    }
    expect(new Set(tokens).size).toBe(130);
    const { rows } = await admin.query("SELECT FROM tillsync.device_token WHERE store_id = $1 GROUP BY terminal", [
      key.storeId,
    ]);
    expect(rows).toHaveLength(2);
    // After o-0 ... o-40 there are 89 more; the token of o-10 is forgotten, and so is served whole.
    expect((await updates("C", tokens[40] ?? "")).orders).toHaveLength(89);
    const forgotten = await updates("C", tokens[10] ?? "");
    expect(forgotten.orders).toHaveLength(130);
    expect(forgotten.nextSyncToken).toBe(tokens.at(-1));
  });

  it.each([
    ["no text that counts", "yesterday"],
    ["a date", "2026-01-16T10:00:00Z"],
    ["a negative time", "-1"],
    ["a fraction", "1.5"],
    ["more digits than a time has", "9".repeat(16)],
  ])("is refused when it is %s, by name", async (_name, since) => {
    const headers = { authorization: `Bearer ${key.key}` };
    const answer = await world.app.inject({ url: `/api/sync/updates?deviceId=A&since=${since}`, headers });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({ code: "INVALID_INPUT", field: "since" });
  });
});
