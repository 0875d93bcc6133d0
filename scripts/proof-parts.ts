import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunResult, runConvergence, runInterleaving, runSchedules, simulate } from "@tillsync/sim";
import {
  killPostgresUnderLoad,
  killRounds,
  replayAndCount,
  replayInDemo,
  restoreRounds,
  TwoServers,
  upgradeEitherSide,
} from "tillsync/testing";
import { fullCounts } from "./proof-counts.ts";
import { powerCuts } from "./proof-disk.ts";
import { fuzzRounds } from "./proof-fuzz.ts";
import { catalogue, rows } from "./proof-modules.ts";
import setUpPostgres from "./test-postgres.ts";

export interface ProofSettings {
  readonly seed: number;
  readonly seeds: number;
  readonly schedules: number;
  readonly kills: number;
  readonly postgresKills: number;
  readonly fuzzInputs: number;
  readonly rowSeconds: number;
  readonly images: number;
  readonly restores: number;
}

export type ProofOutcome =
  | { readonly figures: Readonly<Record<string, unknown>>; readonly violations: readonly string[] }
  | { readonly notRun: string };

export interface Proof {
  readonly name: string;
  readonly says: string;
  run(settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome>;
}

const DATA = fileURLToPath(new URL("../../shared/data/", import.meta.url));
/** Kills between two comparisons of both sides, each round in a folder and with a seed of its own. */
const KILLS_A_ROUND = 100;
const POSTGRES_KILLS_A_ROUND = 50;
const TELL_EVERY_SEEDS = 500;

export const PROOFS: readonly Proof[] = [
  { name: "simulation", says: "simulated shops on a bad network, checked by an oracle", run: simulation },
  {
    name: "schedules",
    says: "outages of a minute to three weeks in every profile: empty in time after each",
    run: schedules,
  },
  {
    name: "lives",
    says: "databases of tills and the centre copied, put back and lost in any order: nothing lost, nothing twice",
    run: lives,
  },
  {
    name: "convergence",
    says: "the same orders edited, paid and ended on several tills apart: the same everywhere, nothing lost",
    run: convergence,
  },
  { name: "kills", says: "kill -9 of real tills and servers while they sell", run: kills },
  {
    name: "power-cuts",
    says: "the power cut anywhere in a till's day: what its disk may look like",
    run: ({ seed, images }, onProgress) => powerCuts(seed, images, onProgress),
  },
  { name: "postgres", says: "kill -9 of PostgreSQL in the middle of commits", run: postgres },
  { name: "restores", says: "a real PostgreSQL put back to earlier points while tills sell", run: restores },
  { name: "bakery", says: "the 9,531 receipts of a bakery through cuts and kills", run: bakery },
  { name: "retail", says: "25,900 invoices of a wholesaler, to the penny, through cuts and kills", run: retail },
  {
    name: "rows",
    says: "writers with held transactions for a minute: rows that cursors miss",
    run: ({ seed, rowSeconds }) => rows(seed, rowSeconds),
  },
  {
    name: "catalogue",
    says: "818,846 real products to a till, then 189,969 real price changes",
    run: (_settings, onProgress) => catalogue(DATA, onProgress),
  },
  {
    name: "upgrade",
    says: "10,000 changes of the previous version (TILLSYNC_PREVIOUS, a commit), delivered after updating either side first",
    run: (_settings, onProgress) => upgrade(onProgress),
  },
  {
    name: "counts",
    says: "the tests that every run does in small counts (TILLSYNC_FULL_COUNTS=1), in their full ones",
    run: fullCounts,
  },
  { name: "fuzz", says: "hostile inputs for every reader and route, in process and over sockets", run: fuzz },
];

async function upgrade(onProgress: (text: string) => void): Promise<ProofOutcome> {
  const previous = process.env.TILLSYNC_PREVIOUS;
  if (previous === undefined) return { notRun: "TILLSYNC_PREVIOUS names no commit" };
  const stopPostgres = await setUpPostgres();
  try {
    return await upgradeEitherSide(previous, onProgress);
  } finally {
    await stopPostgres?.();
  }
}

async function simulation({ seed, seeds }: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  let [done, wrong] = [0, 0];
  const report = await simulate({
    fromSeed: seed,
    count: seeds,
    onProgress: ({ violations }) => {
      done++;
      if (violations.length > 0) wrong++;
      if (done % TELL_EVERY_SEEDS === 0) onProgress(`${done} of ${seeds} seeds, ${wrong} wrong`);
    },
  });
  const { fromSeed, toSeed, steps, events, repeated, simulatedMs } = report;
  const figures = {
    fromSeed,
    toSeed,
    seeds,
    repeated,
    steps,
    events,
    simulatedDays: Math.round(simulatedMs / 86_400_000),
  };
  return { figures, violations: violationsOf(report.failed) };
}

/** Of simulated runs: each begins again with its seed. */
function violationsOf(failed: readonly Pick<RunResult, "seed" | "violations">[]): string[] {
  return failed.flatMap(({ seed, violations }) =>
    violations.map(({ invariant, what }) => `seed ${seed}: ${invariant}: ${what}`),
  );
}

async function convergence({ seed, schedules }: ProofSettings): Promise<ProofOutcome> {
  const violations: string[] = [];
  for (let done = 0; done < schedules; done++)
    violations.push(...runConvergence(seed + done).map((what) => `seed ${seed + done}: ${what}`));
  return { figures: { fromSeed: seed, toSeed: seed + schedules - 1, schedules }, violations };
}

async function lives({ seed, schedules }: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const failed: Pick<RunResult, "seed" | "violations">[] = [];
  for (let done = 0; done < schedules; done++) {
    const result = await runInterleaving(seed + done);
    if (result.violations.length > 0) failed.push(result);
    if (done % TELL_EVERY_SEEDS === 0) onProgress(`${done} of ${schedules} interleavings, ${failed.length} wrong`);
  }
  return {
    figures: { fromSeed: seed, toSeed: seed + schedules - 1, interleavings: schedules },
    violations: violationsOf(failed),
  };
}

async function schedules(settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  let [done, wrong] = [0, 0];
  const { failed, ...figures } = await runSchedules({
    fromSeed: settings.seed,
    count: settings.schedules,
    onProgress: ({ violations }) => {
      done++;
      if (violations.length > 0) wrong++;
      if (done % TELL_EVERY_SEEDS === 0) onProgress(`${done} of ${settings.schedules} schedules, ${wrong} wrong`);
    },
  });
  return { figures: { fromSeed: settings.seed, ...figures }, violations: violationsOf(failed) };
}

async function kills(settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const violations: string[] = [];
  const figures = { kills: 0, faults: 0, told: 0, repeats: 0 };
  for (let round = 0; figures.kills < settings.kills; round++) {
    const dataDir = mkdtempSync(join(tmpdir(), "tillsync-proof-"));
    const seed = settings.seed + round;
    try {
      const wanted = Math.min(KILLS_A_ROUND, settings.kills - figures.kills);
      const found = await killRounds({ kills: wanted, seed, dataDir });
      for (const name of ["kills", "faults", "told", "repeats"] as const) figures[name] += found[name];
      violations.push(...found.violations.map((text) => `seed ${seed}: ${text}`));
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
    onProgress(
      `${figures.kills} of ${settings.kills} kills, ${figures.told} documents told, ${violations.length} violations`,
    );
  }
  return { figures, violations };
}

async function postgres(settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const violations: string[] = [];
  const figures = { kills: 0, changes: 0, acknowledgements: 0, underWay: 0, storedUnanswered: 0 };
  for (let round = 0; figures.kills < settings.postgresKills; round++) {
    const seed = settings.seed + round;
    const servers = await TwoServers.start();
    try {
      const wanted = Math.min(POSTGRES_KILLS_A_ROUND, settings.postgresKills - figures.kills);
      const found = await killPostgresUnderLoad(servers, { kills: wanted, seed, tills: 4, onProgress });
      for (const name of Object.keys(figures) as (keyof typeof figures)[]) figures[name] += found[name];
      violations.push(...found.violations.map((text) => `seed ${seed}: ${text}`));
    } finally {
      await servers.stop();
    }
  }
  return { figures, violations };
}

async function restores(settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const { violations, ...figures } = await restoreRounds({
    points: settings.restores,
    seed: settings.seed,
    tills: 5,
    onProgress,
  });
  return { figures: { ...figures }, violations: violations.map((text) => `seed ${settings.seed}: ${text}`) };
}

function fuzz({ seed, fuzzInputs }: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  return fuzzRounds({ seed, inputs: fuzzInputs }, onProgress);
}

async function bakery(_settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const file = join(DATA, "bakery-breadbasket.csv.gz");
  if (!existsSync(file)) return { notRun: `the real file is not at ${file}` };
  const { code, report } = await replayInDemo(file, { offlineEvery: 500, killEvery: 2000, onProgress });
  const figures = { receipts: report.progress.recorded, cuts: report.cuts, kills: report.kills };
  return { figures, violations: wrongIn(code, report.verifications, { receipts: 9531 }, figures) };
}

/** Sums over the whole file: shared/data/README.md, with lines rounded half-up. */
const RETAIL = { documents: 25_900, returns: 3836, pounds: "9747747.93" };

async function retail(_settings: ProofSettings, onProgress: (text: string) => void): Promise<ProofOutcome> {
  const file = join(DATA, "online-retail.csv.gz");
  if (!existsSync(file)) return { notRun: `the real file is not at ${file}` };
  const { code, report, documents } = await replayAndCount(file, { offlineEvery: 500, killEvery: 2000, onProgress });
  const sold = documents.filter(({ entity }) => entity === "order" || entity === "inventory");
  const figures = {
    documents: sum(sold.map(({ count }) => count)),
    returns: sum(sold.filter(({ documentType }) => documentType === "return").map(({ count }) => count)),
    pounds: (sum(sold.map(({ totalMinor }) => totalMinor ?? 0)) / 100).toFixed(2),
    poundsOnTills: (sum(report.verifications.map(({ till }) => till.sums.GBP ?? 0)) / 100).toFixed(2),
    cuts: report.cuts,
    kills: report.kills,
  };
  const expected = { ...RETAIL, poundsOnTills: RETAIL.pounds };
  return { figures, violations: wrongIn(code, report.verifications, expected, figures) };
}

function wrongIn(
  code: number | null,
  verifications: readonly {
    readonly shortId: string;
    readonly equal: boolean;
    readonly differences: readonly unknown[];
  }[],
  expected: Readonly<Record<string, unknown>>,
  figures: Readonly<Record<string, unknown>>,
): string[] {
  const wrong = Object.entries(expected).filter(([name, value]) => figures[name] !== value);
  return [
    ...(code === 0 ? [] : [`the command ended with ${code}`]),
    ...verifications.flatMap(({ shortId, equal, differences }) =>
      equal ? [] : [`${shortId} differs: ${JSON.stringify(differences.slice(0, 3))}`],
    ),
    ...wrong.map(([name, value]) => `${name}: ${String(figures[name])} instead of ${String(value)}`),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
