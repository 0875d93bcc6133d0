// What `npm run bench` runs. `npm run bench -- --help` explains it.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { holds } from "./bench.ts";
import { BENCHES } from "./benches.ts";
import { machine } from "./machine.ts";
import { printed } from "./report.ts";

const PLACE = fileURLToPath(new URL("../.tillsync/bench/", import.meta.url));
const HELP = `npm run bench -- NAME [--json] [--rounds N] [--rivals] [--smoke]

${BENCHES.map(({ name, says }) => `  ${name.padEnd(14)}${says}`).join("\n")}

  --json      one JSON object on stdout, with "ratio"; progress goes to stderr
  --rounds N  interleaved rounds (each bench has a default)
  --rivals    also run programs of others, installed into .tillsync/bench/rivals on demand
  --smoke     tiny sizes, one round: shows that it runs; the figures mean nothing

TILLSYNC_BENCH_PROFILE=DIR   every process leaves a CPU profile in DIR

docs/performance.md has figures and what they mean.`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 1;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const bench = BENCHES.find(({ name }) => name === positionals[0]);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const wrongRounds = rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0);
  if (bench === undefined || positionals.length !== 1 || wrongRounds) {
    console.error(wrongRounds ? "--rounds takes a whole number from 1 on" : "Name one bench.", `\n\n${HELP}`);
    return 1;
  }
  mkdirSync(PLACE, { recursive: true });
  const folder = mkdtempSync(join(PLACE, `${bench.name}-`));
  const onProgress = (text: string) => console.error(`${bench.name}: ${text}`);
  try {
    const { smoke, rivals } = values;
    const report = await bench.run({ smoke, rounds, rivals, folder, onProgress });
    const where = machine();
    if (values.json) {
      const bars = report.bars.map((bar) => ({ ...bar, holds: holds(bar) }));
      console.log(
        JSON.stringify({ bench: bench.name, ...report, bars, smoke, at: new Date().toISOString(), machine: where }),
      );
    } else console.log(printed(bench.name, report, where));
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string" },
      rivals: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
