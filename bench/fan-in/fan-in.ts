import { type Bar, type Bench, expectRows, median } from "../bench.ts";
import { type Cluster, startCluster } from "../postgres.ts";
import { enrolled } from "../tills.ts";
import { withWorkers } from "../worker.ts";

/** A shop has about as many; each shop takes turns on its own feed counter. */
export const TILLS_A_STORE = 10;

const SERVERS = {
  tillsync: new URL("../centre/server.ts", import.meta.url),
  minimal: new URL("../minimal/server.ts", import.meta.url),
} as const;
type Name = keyof typeof SERVERS;

interface Pushed {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of server and PostgreSQL, milliseconds a push of five sales. */
  readonly serverMs: number;
  readonly postgresMs: number | null;
}

type Round = Record<Name, Pushed>;

/** Many tills that send a few sales each, all at once, against one insert and one commit a request. */
export const fanIn: Bench = {
  name: "fan-in",
  says: "200 and 1,000 tills, five sales a push, against one commit a request with the same rows",
  run: async ({ smoke, rounds: wanted, folder, onProgress }) => {
    const cluster = await startCluster(folder, onProgress);
    const sizes = smoke ? [20] : [200, 1000];
    const pushes = smoke ? 40 : 6000;
    try {
      const results: { tills: number; rounds: Round[] }[] = [];
      for (const tills of sizes) {
        const rounds: Round[] = [];
        for (let round = 0; round < (wanted ?? (smoke ? 1 : 5)); round++) {
          const pushed = {} as Round;
          const names = Object.keys(SERVERS) as Name[];
          for (const name of round % 2 === 0 ? names : names.reverse()) {
            pushed[name] = await push(cluster, name, { tills, pushes });
            const { perSecond, serverMs, postgresMs } = pushed[name];
            const cpu = `${serverMs.toFixed(2)} + ${postgresMs?.toFixed(2)} ms CPU a push`;
            onProgress(`${tills} tills, round ${round + 1}: ${name} ${Math.round(perSecond)} pushes/s, ${cpu}`);
          }
          rounds.push(pushed);
        }
        results.push({ tills, rounds });
      }
      return report(results, pushes);
    } finally {
      await cluster.stop();
    }
  },
};

async function push(
  cluster: Cluster,
  name: Name,
  { tills, pushes }: { tills: number; pushes: number },
): Promise<Pushed> {
  const database = await cluster.newDatabase();
  try {
    const wanted = Array.from({ length: tills }, (_, index) => ({
      shortId: `T${index + 1}`,
      store: `S${Math.floor(index / TILLS_A_STORE)}`,
    }));
    const given = await enrolled(database, wanted);
    await cluster.checkpoint();
    const { pushed, sales } = await withWorkers(async (start) => {
      const server = start(SERVERS[name]);
      const databaseUrl = name === "tillsync" ? database.url : database.adminUrl;
      const url = await server.ask<string>("start", { databaseUrl });
      const load = start(new URL("load.ts", import.meta.url));
      await load.ask("connect", { url, tills: given, to: name });
      // A first tenth is for the processes to get warm.
      const warm = await load.ask<{ sales: number }>("push", { to: name, pushes: Math.ceil(pushes / 10) });
      const before = { server: await server.cpuMs(), postgres: cluster.cpuMs() };
      const done = await load.ask<{ ms: number; pushes: number; sales: number; p50Ms: number; p99Ms: number }>("push", {
        to: name,
        pushes,
      });
      const serverMs = ((await server.cpuMs()) - before.server) / done.pushes;
      const postgres = cluster.cpuMs();
      const postgresMs =
        postgres === null || before.postgres === null ? null : (postgres - before.postgres) / done.pushes;
      const { p50Ms, p99Ms } = done;
      const perSecond = (done.pushes * 1000) / done.ms;
      return { pushed: { perSecond, p50Ms, p99Ms, serverMs, postgresMs }, sales: warm.sales + done.sales };
    });
    for (const table of ["change_head", "change_body", "document"])
      expectRows(table, sales, await database.count(`SELECT count(*) FROM tillsync.${table}`));
    return pushed;
  } finally {
    await database.drop();
  }
}

function cpuOf({ serverMs, postgresMs }: Pushed): number {
  return serverMs + (postgresMs ?? 0);
}

function report(results: readonly { tills: number; rounds: readonly Round[] }[], pushes: number) {
  const rows = results.flatMap(({ tills, rounds }) =>
    (Object.keys(SERVERS) as Name[]).map((name) => {
      const of = (read: (pushed: Pushed) => number | null) =>
        median(rounds.flatMap((round) => read(round[name]) ?? []));
      const figures = [
        of((p) => p.perSecond),
        of((p) => p.p50Ms),
        of((p) => p.p99Ms),
        of((p) => p.serverMs),
        of((p) => p.postgresMs),
        of(cpuOf),
      ];
      return { contender: `${name} @${tills}`, figures };
    }),
  );
  const bars: Bar[] = results.map(({ tills, rounds }) => ({
    what: `${tills} tills: CPU of server and PostgreSQL a push, over one commit a request`,
    value: median(rounds.map(({ tillsync, minimal }) => cpuOf(tillsync) / cpuOf(minimal))),
    must: { atMost: 2 },
  }));
  return {
    ratio: bars[0]?.value ?? null,
    ratioOf: "CPU of server and PostgreSQL a push over one insert and one commit a request; lower is better",
    rounds: results[0]?.rounds.length ?? 0,
    columns: ["pushes/s", "p50 ms", "p99 ms", "CPU ms/push: server", "PostgreSQL", "both"],
    rows,
    bars,
    notes: [
      `about ${pushes} pushes of 5 sales a round in a closed loop, after a tenth of that to warm up; ${TILLS_A_STORE} tills a store`,
      "tills share the machine with the server, so pushes/s and latencies are of all together; CPU is of server and PostgreSQL alone",
    ],
  };
}
