import { type Bar, type Bench, type BenchOptions, median, type Report, type ReportRow } from "../bench.ts";
import { startCluster } from "../postgres.ts";
import { rival } from "../rivals/install.ts";
import { prepared } from "../tills.ts";
import { type Contender, type Drained, type DrainSetting, minimal, pgBoss, raw, tillsync } from "./contenders.ts";

const CONTENDERS = { tillsync, minimal, raw } as const satisfies Record<string, Contender>;
type Name = keyof typeof CONTENDERS;
type Round = Record<Name, Drained> & { "pg-boss"?: Drained };

/** What `--rivals` adds. */
const PG_BOSS = { name: "pg-boss", version: "12.34.0" } as const;

/** Below this share of raw inserts, `minimal` was disturbed and says nothing. */
const MINIMAL_OF_RAW = 0.8;

/** Everything a till has pending goes to the centre, against the smallest pipeline that writes the same rows. */
export const drain: Bench = {
  name: "drain",
  says: "20,000 and 100,000 pending sales of one till into PostgreSQL, against the smallest hand-written pipeline",
  run: async (options) => {
    const { smoke, folder, onProgress } = options;
    const [warmUp, ...counts] = smoke ? [60, 300] : [3000, 20_000, 100_000];
    const cluster = await startCluster(folder, onProgress);
    const from = options.rivals ? rival(PG_BOSS.name, PG_BOSS.version) : undefined;
    try {
      const warm = await prepared(folder, { shortId: "T99", count: warmUp ?? 0, seed: 99 });
      const sizes: { count: number; rounds: Round[]; void: number }[] = [];
      for (const count of counts) {
        onProgress(`preparing ${count} sales`);
        const pending = await prepared(folder, { shortId: `T${counts.indexOf(count) + 1}`, count, seed: count });
        const setting = { cluster, folder, warmUp: warm, pending };
        sizes.push({ count, ...(await run(setting, options, from)) });
      }
      return report(sizes, warm.count, rivalNote(options, from));
    } finally {
      await cluster.stop();
    }
  },
};

function rivalNote({ rivals }: BenchOptions, from: string | undefined): string {
  if (!rivals) return "rivals: not asked for (--rivals)";
  if (from === undefined) return `rivals: ${PG_BOSS.name} ${PG_BOSS.version} not run, npm could not install it`;
  return `${PG_BOSS.name} ${PG_BOSS.version}: insert, fetch and complete by 500, the same rows; no outbox on the till before it`;
}

async function run(
  setting: DrainSetting,
  { smoke, rounds: wanted, onProgress }: BenchOptions,
  from: string | undefined,
): Promise<{ rounds: Round[]; void: number }> {
  const { count } = setting.pending;
  const rounds: Round[] = [];
  let disturbed = 0;
  const goal = wanted ?? (smoke ? 1 : count > 50_000 ? 3 : 7);
  // A machine that is always disturbed must not keep the bench for ever.
  for (let turn = 0; rounds.length < goal && turn < goal * 2; turn++) {
    const round = {} as Round;
    const names = Object.keys(CONTENDERS) as Name[];
    for (const name of turn % 2 === 0 ? names : names.reverse()) {
      round[name] = await CONTENDERS[name](setting);
      onProgress(`${count} sales, round ${turn + 1}: ${name} ${Math.round(round[name].perSecond)} sales/s`);
    }
    if (from !== undefined) {
      const drained = await pgBoss(from)(setting);
      round[PG_BOSS.name] = drained;
      onProgress(`${count} sales, round ${turn + 1}: ${PG_BOSS.name} ${Math.round(drained.perSecond)} sales/s`);
    }
    if (smoke || round.minimal.perSecond >= MINIMAL_OF_RAW * round.raw.perSecond) rounds.push(round);
    else disturbed++;
  }
  return { rounds, void: disturbed };
}

function report(
  sizes: readonly { count: number; rounds: readonly Round[]; void: number }[],
  warmUp: number,
  aboutRivals: string,
): Report {
  const rows = sizes.flatMap(({ count, rounds }) =>
    (Object.keys(rounds[0] ?? {}) as (keyof Round)[]).map((name) => rowOf(name, count, rounds)),
  );
  const ratios = sizes.map(({ rounds }) =>
    median(rounds.map((round) => round.tillsync.perSecond / round.minimal.perSecond)),
  );
  const bars: Bar[] = sizes.map(({ count }, index) => ({
    what: `${count} sales: sales/s over minimal`,
    value: ratios[index] ?? null,
    must: { atLeast: 0.7 },
    aim: 0.85,
  }));
  const [small, large] = sizes.map(({ rounds }) => median(rounds.map(({ tillsync }) => tillsync.perSecond)));
  if (small && large)
    bars.push({ what: "100,000 over 20,000, sales/s", value: large / small, must: { atLeast: 0.9 }, aim: 1 });
  const voids = sizes.reduce((sum, size) => sum + size.void, 0);
  return {
    ratio: ratios[0] ?? null,
    ratioOf: `sales/s over bench/minimal in the same round, ${sizes[0]?.count} sales`,
    rounds: sizes[0]?.rounds.length ?? 0,
    columns: ["sales/s", "of minimal", "of raw", "CPU us/sale: client", "server", "PostgreSQL"],
    rows,
    bars,
    notes: [
      `rounds: ${sizes.map(({ count, rounds }) => `${rounds.length} of ${count} sales`).join(", ")}; void because minimal was below ${MINIMAL_OF_RAW} of raw: ${voids}`,
      `new database and new processes each time, which move ${warmUp} sales of another till before the clock starts`,
      "rows of heads, bodies, documents and feed counted after each run",
      aboutRivals,
    ],
  };
}

function rowOf(name: keyof Round, count: number, rounds: readonly Round[]): ReportRow {
  const of = (read: (drained: Drained, round: Round) => number | null) =>
    median(
      rounds.flatMap((round) => {
        const drained = round[name];
        return (drained && read(drained, round)) ?? [];
      }),
    );
  return {
    contender: `${name} ${count}`,
    figures: [
      of((drained) => drained.perSecond),
      of((drained, { minimal }) => drained.perSecond / minimal.perSecond),
      of((drained, { raw }) => drained.perSecond / raw.perSecond),
      of((drained) => drained.clientUs),
      of((drained) => drained.serverUs),
      of((drained) => drained.postgresUs),
    ],
  };
}
