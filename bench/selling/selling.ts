import { join } from "node:path";
import { type Bench, expectRows, median, type Report } from "../bench.ts";
import type { Timed } from "../local-write/time-each.ts";
import { type Cluster, startCluster } from "../postgres.ts";
import { enrolled } from "../tills.ts";
import { withWorkers } from "../worker.ts";

const TILL = new URL("till.ts", import.meta.url);
const TERMINAL = "0190a5da-c967-774b-8cce-b302099a8057";
const SHORT_ID = "T01";

type Round = Readonly<Record<"healthy" | "hung", Timed>>;

/** A cashier does not notice the network: a sale takes as long when every exchange hangs as when all is well (I32). */
export const selling: Bench = {
  name: "selling",
  says: "a sale on a till whose centre answers, against one whose centre never does",
  run: async (options) => {
    const { folder, smoke, rounds: wanted, onProgress } = options;
    const [warmUp, count] = smoke ? [20, 100] : [500, 3000];
    const cluster = await startCluster(folder, onProgress);
    const rounds: Round[] = [];
    try {
      for (let round = 0; round < (wanted ?? (smoke ? 1 : 5)); round++) {
        const timed = {} as Record<keyof Round, Timed>;
        const names: (keyof Round)[] = ["healthy", "hung"];
        for (const name of round % 2 === 0 ? names : names.reverse()) {
          const file = join(folder, `${name}-${round}.db`);
          const sale = { file, warmUp, count };
          timed[name] = name === "healthy" ? await healthy(cluster, sale) : await hung(sale);
          onProgress(`round ${round + 1}: ${name} p50 ${timed[name].p50Ms.toFixed(3)} ms`);
        }
        rounds.push(timed);
      }
    } finally {
      await cluster.stop();
    }
    return report(rounds, { warmUp, count });
  },
};

interface Sales {
  readonly file: string;
  readonly warmUp: number;
  readonly count: number;
}

/** The real server on PostgreSQL, on the same machine; all sales have to be there at the end. */
async function healthy(cluster: Cluster, { file, warmUp, count }: Sales): Promise<Timed> {
  const database = await cluster.newDatabase();
  try {
    const [till] = await enrolled(database, [{ shortId: SHORT_ID, terminal: TERMINAL }]);
    return await withWorkers(async (start) => {
      const server = start(new URL("../centre/server.ts", import.meta.url));
      const url = await server.ask<string>("start", { databaseUrl: database.url });
      const worker = start(TILL);
      await worker.ask("open", { file, terminal: TERMINAL, shortId: SHORT_ID, url, key: till?.key });
      const timed = await worker.ask<Timed>("sell", { warmUp, count });
      expectRows("left on the till", 0, await worker.ask<number>("send"));
      const documents = "SELECT count(*) FROM tillsync.document WHERE entity = 'order'";
      expectRows("document", warmUp + count, await database.count(documents));
      return timed;
    });
  } finally {
    await database.drop();
  }
}

async function hung({ file, warmUp, count }: Sales): Promise<Timed> {
  return withWorkers(async (start) => {
    const hole = start(new URL("black-hole.ts", import.meta.url));
    const url = await hole.ask<string>("start");
    const worker = start(TILL);
    await worker.ask("open", { file, terminal: TERMINAL, shortId: SHORT_ID, url, key: "tsk_hung" });
    const timed = await worker.ask<Timed>("sell", { warmUp, count });
    expectRows("sale in the journal", warmUp + count, await worker.ask<number>("rows"));
    if ((await hole.ask<number>("connections")) === 0) throw new Error("the till never tried to reach its centre");
    return timed;
  });
}

function report(rounds: readonly Round[], { warmUp, count }: Omit<Sales, "file">): Report {
  const of = (read: (round: Round) => number) => median(rounds.map(read));
  const ratio = of((round) => round.hung.p50Ms / round.healthy.p50Ms);
  const row = (name: keyof Round) => ({
    contender: name,
    figures: [of((r) => r[name].p50Ms), of((r) => r[name].p99Ms), of((r) => r[name].perSecond)],
  });
  return {
    ratio,
    ratioOf: "p50 of a sale with a centre that never answers, over one that does, in the same round; lower is better",
    rounds: rounds.length,
    columns: ["p50 ms", "p99 ms", "sales/s"],
    rows: [row("healthy"), row("hung")],
    bars: [{ what: "p50, hung over healthy", value: ratio, must: { atMost: 1.25 } }],
    notes: [
      `${count} generated sales a round after ${warmUp} to warm up; profile \`continuous\`, so every sale is a reason to send`,
    ],
  };
}
