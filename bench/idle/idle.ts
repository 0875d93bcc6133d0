import { cpSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Bench, type BenchOptions, expectRows, median } from "../bench.ts";
import { type Cluster, startCluster } from "../postgres.ts";
import { enrolled, type Pending, prepared } from "../tills.ts";
import { withWorkers } from "../worker.ts";

/** Far more often than any till asks, so that there is something to measure. */
const INTERVAL_MS = 5;

interface Idle {
  readonly tillUs: number;
  readonly serverUs: number;
  readonly postgresUs: number | null;
  /** What the till's write-ahead log grew by. */
  readonly written: number;
}

type Round = readonly [small: Idle, large: Idle];

/** A till with nothing to say costs the same whatever its history, and writes nothing. */
export const idle: Bench = {
  name: "idle",
  says: "an exchange of a till with nothing to send: CPU on both sides, with a short and a long history",
  run: async (options) => {
    const { smoke, rounds: wanted, folder, onProgress } = options;
    const counts = smoke ? [50, 200] : [1000, 100_000];
    const cluster = await startCluster(folder, onProgress);
    try {
      const tills = [];
      for (const count of counts) tills.push(await prepared(folder, { shortId: `T${count}`, count, seed: count }));
      const rounds: Round[] = [];
      for (let round = 0; round < (wanted ?? (smoke ? 1 : 3)); round++) {
        const [small, large] = tills;
        if (!small || !large) throw new Error("two tills are compared");
        const names = `round ${round + 1}`;
        rounds.push([
          await rest(cluster, small, `${names}-s`, options),
          await rest(cluster, large, `${names}-l`, options),
        ]);
        onProgress(
          `${names}: ${rounds
            .at(-1)
            ?.map(({ tillUs, serverUs }) => `${tillUs.toFixed(0)} + ${serverUs.toFixed(0)} us`)
            .join(", ")}`,
        );
      }
      return report(counts, rounds);
    } finally {
      await cluster.stop();
    }
  },
};

async function rest(cluster: Cluster, pending: Pending, name: string, { folder, smoke }: BenchOptions): Promise<Idle> {
  const database = await cluster.newDatabase();
  try {
    const [till] = await enrolled(database, [pending]);
    const file = join(folder, `${name}.db`);
    cpSync(pending.file, file);
    cpSync(`${pending.file}.witness`, `${file}.witness`);
    return await withWorkers(async (start) => {
      const server = start(new URL("../centre/server.ts", import.meta.url));
      const url = await server.ask<string>("start", { databaseUrl: database.url });
      const worker = start(new URL("till.ts", import.meta.url));
      const given = { ...pending, ...till, file, url, intervalMs: INTERVAL_MS };
      expectRows("left on the till", 0, await worker.ask<number>("open", given));
      expectRows(
        "document",
        pending.count,
        await database.count("SELECT count(*) FROM tillsync.document WHERE entity = 'order'"),
      );
      const wal = () => statSync(`${file}-wal`).size;
      const before = {
        till: await worker.cpuMs(),
        server: await server.cpuMs(),
        postgres: cluster.cpuMs(),
        wal: wal(),
      };
      const asked = await worker.ask<number>("rest", { ms: smoke ? 100 : 5000 });
      const each = (from: number, to: number) => ((to - from) * 1000) / Math.max(1, asked);
      const postgres = cluster.cpuMs();
      return {
        tillUs: each(before.till, await worker.cpuMs()),
        serverUs: each(before.server, await server.cpuMs()),
        postgresUs: postgres === null || before.postgres === null ? null : each(before.postgres, postgres),
        written: wal() - before.wal,
      };
    });
  } finally {
    await database.drop();
  }
}

function report(counts: readonly number[], rounds: readonly Round[]) {
  const of = (which: 0 | 1, read: (idle: Idle) => number | null) =>
    median(rounds.flatMap((round) => read(round[which]) ?? []));
  const ratio = median(rounds.map(([small, large]) => large.tillUs / small.tillUs));
  const atCentre = ({ serverUs, postgresUs }: Idle) => serverUs + (postgresUs ?? 0);
  return {
    ratio,
    ratioOf: `CPU of the till an idle exchange, ${counts[1]} changes of history over ${counts[0]}; lower is better`,
    rounds: rounds.length,
    columns: ["CPU us: till", "server", "PostgreSQL", "bytes written"],
    rows: ([0, 1] as const).map((which) => ({
      contender: `${counts[which]} changes of history`,
      figures: [
        of(which, (i) => i.tillUs),
        of(which, (i) => i.serverUs),
        of(which, (i) => i.postgresUs),
        of(which, (i) => i.written),
      ],
    })),
    bars: [
      { what: "CPU of the till, long over short history", value: ratio, must: { atMost: 1.5 } },
      {
        what: "CPU of the centre, long over short history",
        value: median(rounds.map(([s, l]) => atCentre(l) / atCentre(s))),
        must: { atMost: 1.5 },
      },
      { what: "bytes an idle till writes", value: of(1, (i) => i.written), must: { atMost: 0 } },
    ],
    notes: [`an exchange every ${INTERVAL_MS} ms; in \`continuous\` it is one every 30 s`],
  };
}
