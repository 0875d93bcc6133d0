import { parseArgs } from "node:util";
import { notMet } from "./coverage.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { type SimulationReport, simulate } from "./simulate.ts";
import { findVariant, VARIANTS } from "./variants/index.ts";
import { PRODUCT, type Variant } from "./variants/variant.ts";
import { runSeed } from "./world.ts";

const HELP = `node packages/sim/src/run.ts [--seeds FROM..TO] [--variant NAME] [--trace] [--json]

Runs the simulated shop: real engine, real ingest, everything around them simulated from the seed.

  --seeds 1..1000    which seeds (default 1..1000); one number runs one seed
  --variant NAME     a deliberately broken product, to see the oracle catch it
  --with FAULT,...   these faults in every seed, besides the seed's own choice (faults.ts names them)
  --trace            every event of the first seed, one a line
  --json             the report as JSON
  --list             the broken variants, and which invariants catch them
  --help             this text

Exit code 0 when no promise was broken, 1 otherwise. A seed always does the same thing again.
`;

const TELL_EVERY = 100;

process.exitCode = await main(process.argv.slice(2));

function parse(args: string[]) {
  const flag = { type: "boolean", default: false } as const;
  const text = (value: string) => ({ type: "string", default: value }) as const;
  const { values } = parseArgs({
    args,
    options: {
      seeds: text("1..1000"),
      variant: text(PRODUCT.name),
      with: text(""),
      trace: flag,
      json: flag,
      list: flag,
      help: flag,
    },
  });
  return values;
}

async function main(args: string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return say(HELP);
  if (values.list) return say(VARIANTS.map(lineOf).join(""));
  const range = /^([1-9]\d{0,8})(?:\.\.([1-9]\d{0,8}))?$/.exec(values.seeds);
  if (range === null) return complain(`--seeds needs FROM..TO such as 1..1000; got ${values.seeds}.`);
  const variant = findVariant(values.variant);
  if (variant === undefined) return complain(`There is no variant ${values.variant}; --list names them.`);
  const needs = values.with === "" ? [] : values.with.split(",");
  if (!needs.every(isFault)) return complain(`--with ${values.with} names a fault that there is not.`);
  const fromSeed = Number(range[1]);
  const count = Number(range[2] ?? fromSeed) - fromSeed + 1;
  if (count < 1) return complain(`--seeds ${values.seeds} is empty: FROM is larger than TO.`);
  const broken = { ...variant, needs: [...(variant.needs ?? []), ...needs] };
  if (values.trace) await runSeed(fromSeed, { variant: broken, onLine: say });
  return runRange({ fromSeed, count, variant: broken, json: values.json });
}

function isFault(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

interface Range {
  readonly fromSeed: number;
  readonly count: number;
  readonly variant: Variant;
  readonly json: boolean;
}

/** Progress goes to stderr, so that the report can be piped. */
async function runRange({ fromSeed, count, variant, json }: Range): Promise<number> {
  let done = 0;
  const report = await simulate({
    fromSeed,
    count,
    variant,
    onProgress: ({ seed, violations }) => {
      done++;
      for (const { invariant, what } of violations) tell(`seed ${seed} breaks ${invariant}: ${what}`);
      if (done % TELL_EVERY === 0) tell(`${done} of ${count} seeds`);
    },
  });
  const missing = notMet(report.coverage);
  if (json) say(`${JSON.stringify({ variant: variant.name, ...report, notMet: missing }, null, 2)}\n`);
  else say(summary(report, missing));
  return report.failed.length === 0 ? 0 : 1;
}

function summary(report: SimulationReport, missing: readonly string[]): string {
  const { fromSeed, toSeed, seeds, repeated, steps, events, simulatedMs, failed, coverage } = report;
  const faults = Object.entries(coverage).map(([fault, times]) => `${String(times).padStart(10)}  ${fault}\n`);
  return [
    "faults met:\n",
    ...faults,
    missing.length === 0 ? "every fault there is was met\n" : `not met in these seeds: ${missing.join(", ")}\n`,
    `seeds ${fromSeed} to ${toSeed}: ${seeds} run, ${repeated} of them twice, ${failed.length} failed\n`,
    `${steps} steps, ${events} events, ${Math.round(simulatedMs / 3_600_000)} simulated hours\n`,
  ].join("");
}

function lineOf({ name, breaks, caughtBy }: Variant): string {
  return `${name}: ${breaks} (${caughtBy.join(", ")})\n`;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function complain(message: string): number {
  process.stderr.write(`${message}\n\n${HELP}`);
  return 1;
}
