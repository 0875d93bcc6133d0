import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { enroll, openPool } from "@tillsync/server";
import { type Bench, type BenchOptions, expectRows, median } from "../bench.ts";
import { CountingProxy } from "../counting-proxy.ts";
import { type BenchDatabase, startCluster } from "../postgres.ts";
import { withWorkers } from "../worker.ts";

/** Exchanges of an idle till in a day: one every 30 s in the profile `continuous`. */
const EXCHANGES_A_DAY = 2880;
const SHOPS = ["bakery", "online-retail"] as const;

interface Sent {
  readonly isReal: boolean;
  readonly sales: number;
  readonly lines: number;
  readonly up: number;
  readonly down: number;
}

/** What goes over the wire, both ways, HTTP headers included. Bytes are the same every time, so one round is enough. */
export const bytes: Bench = {
  name: "bytes",
  says: "bytes on the wire: a sale in a batch, a line, a day of a till with nothing to say",
  run: async (options) => {
    const cluster = await startCluster(options.folder, options.onProgress);
    const database = await cluster.newDatabase();
    try {
      const sent = new Map<string, Sent>();
      for (const [index, shop] of SHOPS.entries()) {
        sent.set(shop, await send(shop, `T${index + 1}`, database, options));
      }
      const idle = await idleExchange(database, options);
      return report(sent, idle);
    } finally {
      await database.drop();
      await cluster.stop();
    }
  },
};

async function till(database: BenchDatabase, shortId: string) {
  const pool = openPool(database.url, { max: 1 });
  const place = { org: "bench", store: "main", currency: "GBP", role: "terminal", name: shortId } as const;
  const { key, terminal = "" } = await enroll(pool, { ...place, terminal: { shortId } }, 0);
  await pool.end();
  return { key, terminal, shortId };
}

async function send(shop: string, shortId: string, database: BenchDatabase, options: BenchOptions): Promise<Sent> {
  const { smoke, folder, onProgress } = options;
  return onWire(database, async (start, proxy) => {
    const place = { ...(await till(database, shortId)), file: join(folder, `${shop}.db`), url: proxy.url };
    const worker = start(new URL("till.ts", import.meta.url));
    const limit = smoke ? 50 : 100_000;
    const sold = await worker.ask<Omit<Sent, "up" | "down">>("sell", { ...place, shop, limit });
    onProgress(`${shop}: ${sold.sales} sales of ${sold.lines} lines`);
    expectRows(`${shop}, left on the till`, 0, await worker.ask<number>("drain", place));
    const documents = `SELECT count(*) FROM tillsync.document WHERE entity = 'order' AND terminal = '${place.terminal}'`;
    expectRows(`${shop}, documents`, sold.sales, await database.count(documents));
    return { ...sold, up: proxy.up, down: proxy.down };
  });
}

/** Bytes both ways of one exchange of a till that has nothing to send, on a connection that stays open. */
async function idleExchange(
  database: BenchDatabase,
  { smoke, folder }: BenchOptions,
): Promise<{ up: number; down: number }> {
  return onWire(database, async (start, proxy) => {
    const place = { ...(await till(database, "T9")), file: join(folder, "idle.db"), url: proxy.url };
    const worker = start(new URL("till.ts", import.meta.url));
    const intervalMs = 50;
    await worker.ask("idle", { ...place, intervalMs });
    // Only whole exchanges are counted: from one pause of the wire to another.
    const from = await joined(proxy);
    const exchanges: { up: number; down: number }[] = [];
    for (let seen = from; exchanges.length < (smoke ? 3 : 50); ) {
      await setTimeout(1);
      if (proxy.up === seen.up) continue;
      const now = await quiet(proxy);
      exchanges.push({ up: now.up - seen.up, down: now.down - seen.down });
      seen = now;
    }
    // The median: two that came without a pause between them look like one.
    const middle = (way: "up" | "down") => median(exchanges.map((each) => each[way])) ?? 0;
    return { up: middle("up"), down: middle("down") };
  });
}

/** More than an answer without news, and less than a page of what others did. */
const NEWS_BYTES = 5_000;
/** The first answers to a till that joins are small as well. */
const EMPTY_IN_A_ROW = 10;

/** A till that is new in its shop is told first what others did: the wire, once exchanges bring none of that any more. */
async function joined(proxy: CountingProxy): Promise<{ up: number; down: number }> {
  let seen = await quiet(proxy);
  for (let empty = 0; empty < EMPTY_IN_A_ROW; ) {
    await setTimeout(1);
    if (proxy.up === seen.up) continue;
    const now = await quiet(proxy);
    empty = now.down - seen.down < NEWS_BYTES ? empty + 1 : 0;
    seen = now;
  }
  return seen;
}

async function quiet(proxy: CountingProxy): Promise<{ up: number; down: number }> {
  for (;;) {
    const { up, down } = proxy;
    await setTimeout(15);
    if (up === proxy.up && down === proxy.down) return { up, down };
  }
}

type Start = Parameters<Parameters<typeof withWorkers>[0]>[0];

async function onWire<T>(
  database: BenchDatabase,
  work: (start: Start, proxy: CountingProxy) => Promise<T>,
): Promise<T> {
  return withWorkers(async (start) => {
    const server = start(new URL("../centre/server.ts", import.meta.url));
    const proxy = await CountingProxy.start(await server.ask("start", { databaseUrl: database.url }));
    try {
      return await work(start, proxy);
    } finally {
      await proxy.stop();
    }
  });
}

function report(sent: ReadonlyMap<string, Sent>, idle: { up: number; down: number }) {
  const both = (name: string) => {
    const { up = 0, down = 0 } = sent.get(name) ?? {};
    return up + down;
  };
  const bakery = sent.get("bakery");
  const retail = sent.get("online-retail");
  const aSale = bakery ? both("bakery") / bakery.sales : null;
  const aLine = retail ? both("online-retail") / retail.lines : null;
  const aDay = ((idle.up + idle.down) * EXCHANGES_A_DAY) / 1e6;
  return {
    ratio: null,
    ratioOf: "bytes have no rival in the round; see the bars",
    rounds: 1,
    columns: ["sales", "lines", "bytes up", "bytes down", "a sale", "a line"],
    rows: [...sent].map(([name, { isReal, sales, lines, up, down }]) => ({
      contender: name,
      figures: [sales, lines, up, down, (up + down) / sales, (up + down) / lines],
      note: isReal ? "real sales" : "GENERATED: the real file is not on this machine",
    })),
    bars: [
      { what: "bytes a sale, bakery", value: aSale, must: { atMost: 200 } },
      { what: "bytes a line, online-retail", value: aLine, must: { atMost: 30 } },
      { what: "MB a day of an idle till in continuous", value: aDay, must: { atMost: 4 } },
    ],
    notes: [
      "both ways, HTTP headers included, without TCP/IP's own",
      `an idle exchange: ${idle.up} bytes up, ${idle.down} down; ${EXCHANGES_A_DAY} a day`,
    ],
  };
}
