import { cpSync } from "node:fs";
import { join } from "node:path";
import { expectRows } from "../bench.ts";
import type { BenchDatabase, Cluster } from "../postgres.ts";
import { type Enrolled, enrolled, type Pending } from "../tills.ts";
import { type Worker, withWorkers } from "../worker.ts";

/** What one contender did in one round. */
export interface Drained {
  readonly perSecond: number;
  /** CPU microseconds a sale: the till's process, the server's, PostgreSQL's. */
  readonly clientUs: number;
  readonly serverUs: number | null;
  readonly postgresUs: number | null;
}

export interface DrainSetting {
  readonly cluster: Cluster;
  readonly folder: string;
  /** Sales of another till that go through the same processes first: they have been up for a while, as in a shop. */
  readonly warmUp: Pending;
  readonly pending: Pending;
}

export type Contender = (setting: DrainSetting) => Promise<Drained>;

/** A queue that a user might pick instead. @param from where its package was installed */
export const pgBoss =
  (from: string): Contender =>
  (setting) =>
    onFreshDatabase(setting, (database, places) =>
      withWorkers(async (start) => {
        const client = start(WORKERS.pgBoss);
        return measured(setting, { client }, (pending) => {
          const place = places(pending);
          return client.ask("drain", { file: pending.outbox, databaseUrl: database.adminUrl, place, from });
        });
      }),
    );

const WORKERS = {
  server: new URL("../centre/server.ts", import.meta.url),
  till: new URL("till.ts", import.meta.url),
  minimalServer: new URL("../minimal/server.ts", import.meta.url),
  minimalTill: new URL("../minimal/till.ts", import.meta.url),
  raw: new URL("../minimal/raw-inserts.ts", import.meta.url),
  pgBoss: new URL("../rivals/pg-boss.ts", import.meta.url),
};

export const tillsync: Contender = (setting) =>
  onFreshDatabase(setting, (database, places) =>
    withWorkers(async (start) => {
      const server = start(WORKERS.server);
      const url = await server.ask<string>("start", { databaseUrl: database.url });
      const till = start(WORKERS.till);
      return measured(setting, { client: till, server }, async (pending) => {
        const { key } = places(pending);
        const file = copied(pending.file, setting.folder);
        cpSync(`${pending.file}.witness`, `${file}.witness`);
        return till.ask("drain", { ...pending, file, url, key });
      });
    }),
  );

export const minimal: Contender = (setting) =>
  onFreshDatabase(setting, (database, places) =>
    withWorkers(async (start) => {
      const server = start(WORKERS.minimalServer);
      const url = await server.ask<string>("start", { databaseUrl: database.adminUrl });
      const till = start(WORKERS.minimalTill);
      return measured(setting, { client: till, server }, (pending) => {
        const file = copied(pending.outbox, setting.folder);
        return till.ask("drain", { file, url, place: places(pending) });
      });
    }),
  );

export const raw: Contender = (setting) =>
  onFreshDatabase(setting, (database, places) =>
    withWorkers(async (start) => {
      const client = start(WORKERS.raw);
      return measured(setting, { client }, async (pending) => {
        const given = { file: pending.outbox, databaseUrl: database.adminUrl, place: places(pending) };
        return { ...(await client.ask<{ ms: number }>("insert", given)), left: 0 };
      });
    }),
  );

/** A database of its own with both tills enrolled; counts its rows at the end, and throws it away. */
async function onFreshDatabase(
  { cluster, warmUp, pending }: DrainSetting,
  drain: (database: BenchDatabase, places: (pending: Pending) => Enrolled) => Promise<Drained>,
): Promise<Drained> {
  const database = await cluster.newDatabase();
  try {
    const tills = [warmUp, pending];
    const places = await enrolled(database, tills);
    await cluster.checkpoint();
    const drained = await drain(database, (each) => {
      const place = places[tills.indexOf(each)];
      if (place === undefined) throw new Error(`${each.shortId} was not enrolled`);
      return place;
    });
    await countRows(database, warmUp.count + pending.count);
    return drained;
  } finally {
    await database.drop();
  }
}

async function countRows(database: BenchDatabase, wanted: number): Promise<void> {
  const sales = "kind = 'order.closed'";
  const bodies = `SELECT count(*) FROM tillsync.change_head h JOIN tillsync.change_body USING (org_id, store_id, terminal, incarnation, seq) WHERE ${sales}`;
  expectRows("change_head", wanted, await database.count(`SELECT count(*) FROM tillsync.change_head WHERE ${sales}`));
  expectRows("change_body", wanted, await database.count(bodies));
  expectRows("document", wanted, await database.count("SELECT count(*) FROM tillsync.document WHERE entity = 'order'"));
  const told = "SELECT sum(to_seq - from_seq + 1) AS count FROM tillsync.feed_entry WHERE effect = 'applied'";
  // Our tills also send the shift they opened.
  const entries = await database.count(told);
  if (entries < wanted) expectRows("feed_entry", wanted, entries);
}

/** Drains the warm-up, then the pending sales, and measures the second. */
async function measured(
  { cluster, warmUp, pending }: DrainSetting,
  processes: { readonly client: Worker; readonly server?: Worker },
  drain: (pending: Pending) => Promise<{ ms: number; left: number }>,
): Promise<Drained> {
  await drain(warmUp);
  const before = await cpu(processes, cluster);
  const { ms, left } = await drain(pending);
  const after = await cpu(processes, cluster);
  expectRows("left on the till", 0, left);
  const us = (from: number | null, to: number | null) =>
    from === null || to === null ? null : ((to - from) * 1000) / pending.count;
  return {
    perSecond: (pending.count * 1000) / ms,
    clientUs: us(before.client, after.client) ?? 0,
    serverUs: us(before.server, after.server),
    postgresUs: us(before.postgres, after.postgres),
  };
}

async function cpu({ client, server }: { client: Worker; server?: Worker }, cluster: Cluster) {
  return { client: await client.cpuMs(), server: (await server?.cpuMs()) ?? null, postgres: cluster.cpuMs() };
}

let copies = 0;

/** A database of a round's own: draining writes into it. */
function copied(file: string, folder: string): string {
  const copy = join(folder, `round-${++copies}.db`);
  cpSync(file, copy);
  return copy;
}
