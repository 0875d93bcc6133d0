import { type Bench, type BenchOptions, expectRows } from "../bench.ts";
import { TILLS_A_STORE } from "../fan-in/fan-in.ts";
import { type Cluster, startCluster } from "../postgres.ts";
import { enrolled, prepared } from "../tills.ts";
import { type Worker, withWorkers } from "../worker.ts";

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

const MIB = 2 ** 20;
/** The till of this bench sells so many on top, so that it has done what tills do. */
const SOLD_ON_TOP = 200;

/** Memory must not grow with what waits, nor with how much came in. Read after a full collection. */
export const memory: Bench = {
  name: "memory",
  says: "a till with 1,000 and with 100,000 pending; a server under fan-in",
  run: async (options) => {
    const { smoke, folder, onProgress } = options;
    const counts = smoke ? [50, 200] : [1000, 100_000];
    const tills: Memory[] = [];
    for (const count of counts) {
      onProgress(`preparing ${count} sales`);
      const pending = await prepared(folder, { shortId: `T${count}`, count, seed: count });
      tills.push(
        await withWorkers(async (start) => {
          const worker = start(new URL("till.ts", import.meta.url), ["--expose-gc"]);
          // And the shift that was opened.
          expectRows("pending on the till", count + SOLD_ON_TOP + 1, await worker.ask("open", pending));
          return settled(worker);
        }),
      );
    }
    const cluster = await startCluster(folder, onProgress);
    try {
      const server = await underFanIn(cluster, options);
      return report(counts, tills, server);
    } finally {
      await cluster.stop();
    }
  },
};

/** The smallest of a few looks: what the collector has not given back yet is not growth. */
async function settled(worker: Worker): Promise<Memory> {
  const looks: Memory[] = [];
  for (let look = 0; look < 5; look++) looks.push(await worker.ask<Memory>("memory"));
  return looks.reduce((least, each) => (each.rss < least.rss ? each : least));
}

/** The server's memory after each of three equal legs of load. */
async function underFanIn(cluster: Cluster, { smoke, onProgress }: BenchOptions): Promise<Memory[]> {
  const database = await cluster.newDatabase();
  try {
    const tills = smoke ? 10 : 200;
    const wanted = Array.from({ length: tills }, (_, index) => ({
      shortId: `T${index + 1}`,
      store: `S${Math.floor(index / TILLS_A_STORE)}`,
    }));
    const given = await enrolled(database, wanted);
    const { legs, sales } = await withWorkers(async (start) => {
      const server = start(new URL("../centre/server.ts", import.meta.url), ["--expose-gc"]);
      const url = await server.ask<string>("start", { databaseUrl: database.url });
      const load = start(new URL("../fan-in/load.ts", import.meta.url));
      await load.ask("connect", { url, tills: given, to: "tillsync" });
      const legs: Memory[] = [];
      let sales = 0;
      for (let leg = 1; leg <= 3; leg++) {
        sales += (await load.ask<{ sales: number }>("push", { to: "tillsync", pushes: smoke ? 20 : 6000 })).sales;
        legs.push(await settled(server));
        onProgress(`server after ${sales} sales: ${((legs.at(-1)?.rss ?? 0) / MIB).toFixed(0)} MiB`);
      }
      return { legs, sales };
    });
    expectRows("document", sales, await database.count("SELECT count(*) FROM tillsync.document"));
    return legs;
  } finally {
    await database.drop();
  }
}

function report(counts: readonly number[], tills: readonly Memory[], server: readonly Memory[]) {
  const figures = ({ rss, heapUsed, external }: Memory) => [rss / MIB, heapUsed / MIB, external / MIB];
  const growth = (from: Memory | undefined, to: Memory | undefined) => (from && to ? (to.rss - from.rss) / MIB : null);
  const live = (from: Memory | undefined, to: Memory | undefined) =>
    from && to ? (to.heapUsed - from.heapUsed) / MIB : null;
  return {
    ratio: null,
    ratioOf: "memory has no rival in the round; see the bars",
    rounds: 1,
    columns: ["RSS MiB", "heap MiB", "outside the heap MiB"],
    rows: [
      ...tills.map((each, index) => ({ contender: `till, ${counts[index]} pending`, figures: figures(each) })),
      ...server.map((each, index) => ({ contender: `server, leg ${index + 1} of fan-in`, figures: figures(each) })),
    ],
    bars: [
      {
        what: `RSS of the till, ${counts[1]} over ${counts[0]} pending, MiB more`,
        value: growth(tills[0], tills[1]),
        must: { atMost: 20 },
      },
      {
        what: "heap of the server, leg 3 over leg 1, MiB more",
        value: live(server[0], server[2]),
        must: { atMost: 2 },
      },
      {
        what: "RSS of the server, leg 3 over leg 1, MiB more",
        value: growth(server[0], server[2]),
        must: { atMost: 20 },
      },
    ],
    notes: [
      "after a full collection, the smallest of five looks; a process of its own each",
      "buffers outside the heap are given back some time after a collection, so that column goes up and down; RSS has them",
    ],
  };
}
