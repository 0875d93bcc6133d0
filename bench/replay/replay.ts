import { type Bench, expectRows, median } from "../bench.ts";
import { type Cluster, startCluster } from "../postgres.ts";
import { enrolled, type Pending, prepared } from "../tills.ts";
import { withWorkers } from "../worker.ts";

const BATCH = 500;

interface Round {
  readonly first: readonly number[];
  readonly again: readonly number[];
}

/** What a lost answer costs: the same batches again, byte for byte, when the centre has them all. */
export const replay: Bench = {
  name: "replay",
  says: "a batch sent again, against the same batch sent first",
  run: async ({ smoke, rounds: wanted, folder, onProgress }) => {
    const cluster = await startCluster(folder, onProgress);
    try {
      const pending = await prepared(folder, { shortId: "T1", count: smoke ? 200 : 20_000, seed: 5 });
      const rounds: Round[] = [];
      for (let round = 0; round < (wanted ?? (smoke ? 1 : 5)); round++) {
        const times = await once(cluster, pending, smoke ? 50 : BATCH);
        onProgress(
          `round ${round + 1}: first ${median(times.first)?.toFixed(1)} ms, again ${median(times.again)?.toFixed(1)} ms`,
        );
        rounds.push(times);
      }
      const ratio = median(rounds.map(({ first, again }) => (median(first) ?? 0) / (median(again) ?? 1)));
      const of = (name: keyof Round) => median(rounds.map((round) => median(round[name]) ?? 0));
      return {
        ratio,
        ratioOf: "speed of a batch sent again over the same batch sent first",
        rounds: rounds.length,
        columns: ["ms a batch"],
        rows: [
          { contender: "first", figures: [of("first")] },
          { contender: "again", figures: [of("again")] },
        ],
        bars: [{ what: "speed of a repeat over a first", value: ratio, must: { atLeast: 1 }, aim: 1.3 }],
        notes: [
          `batches of ${BATCH}, one after the other, over HTTP to a server process; rows counted after both passes`,
        ],
      };
    } finally {
      await cluster.stop();
    }
  },
};

async function once(cluster: Cluster, pending: Pending, batch: number): Promise<Round> {
  const database = await cluster.newDatabase();
  try {
    const [till] = await enrolled(database, [pending]);
    await cluster.checkpoint();
    const times = await withWorkers(async (start) => {
      const server = start(new URL("../centre/server.ts", import.meta.url));
      const url = await server.ask<string>("start", { databaseUrl: database.url });
      const sender = start(new URL("sender.ts", import.meta.url));
      return sender.ask<Round>("send", { ...till, file: pending.file, url, batch });
    });
    const orders = "SELECT count(*) FROM tillsync.document WHERE entity = 'order'";
    expectRows("document", pending.count, await database.count(orders));
    // The shift that was opened is a change as well.
    expectRows("change_head", pending.count + 1, await database.count("SELECT count(*) FROM tillsync.change_head"));
    return times;
  } finally {
    await database.drop();
  }
}
