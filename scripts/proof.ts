// Long runs of what `npm test` runs in short, with a report that can be published. `npm run proof -- --help` explains it.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PROOFS, type Proof, type ProofSettings } from "./proof-parts.ts";
import { markdownOf, type ProofReport, type ProofResult } from "./proof-report.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HELP = `npm run proof [-- PART...] [options]

Without a part: all of them.

${PROOFS.map(({ name, says }) => `  ${name.padEnd(12)}${says}`).join("\n")}

  --seed N             where chance starts (default: drawn, and printed)
  --seeds N            simulated shops (default 10,000)
  --schedules N        simulated outages of up to weeks (default 5,000)
  --kills N            SIGKILLs of real tills and servers (default 1,000)
  --postgres-kills N   SIGKILLs of PostgreSQL in the middle of commits (default 200)
  --restores N         earlier points that a PostgreSQL is put back to (default 50)
  --row-seconds N      seconds of writers with held transactions (default 60)
  --images N           power cuts of a till (default 100,000)
  --fuzz N             hostile inputs (default 2,000,000)
  --out FOLDER         where proof.json and proof.md are written (default .tillsync/proof)

The exit code is 0 when nothing that ran was wrong; a part that could not run is told in the report.

Example: npm run proof -- kills --kills 10000 --seed 7`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  let asked: { settings: ProofSettings; chosen: readonly Proof[]; out: string } | undefined;
  try {
    asked = read(argv);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 1;
  }
  if (asked === undefined) {
    console.log(HELP);
    return 0;
  }
  const { settings, chosen, out } = asked;
  console.error(`seed ${settings.seed}; the report goes to ${out}`);
  const results: ProofResult[] = [];
  const report = (): ProofReport => ({ ...surroundings(), seed: settings.seed, results });
  for (const proof of PROOFS) {
    if (!chosen.includes(proof)) results.push({ name: proof.name, says: proof.says, notRun: "not asked for" });
    else results.push(await run(proof, settings));
    // After each part: a run of a night that ends early has still proved something.
    write(out, report());
  }
  console.log(markdownOf(report()));
  return results.some(({ violations = [] }) => violations.length > 0) ? 1 : 0;
}

function read(argv: string[]) {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      seed: text,
      seeds: text,
      schedules: text,
      kills: text,
      "postgres-kills": text,
      fuzz: text,
      images: text,
      "row-seconds": text,
      restores: text,
      out: text,
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const unknown = positionals.find((name) => !PROOFS.some((proof) => proof.name === name));
  if (unknown !== undefined) throw new Error(`there is no part "${unknown}"`);
  const settings: ProofSettings = {
    seed: number("--seed", values.seed, Date.now() % 1_000_000),
    seeds: number("--seeds", values.seeds, 10_000),
    schedules: number("--schedules", values.schedules, 5000),
    kills: number("--kills", values.kills, 1000),
    postgresKills: number("--postgres-kills", values["postgres-kills"], 200),
    fuzzInputs: number("--fuzz", values.fuzz, 2_000_000),
    images: number("--images", values.images, 100_000),
    restores: number("--restores", values.restores, 50),
    rowSeconds: number("--row-seconds", values["row-seconds"], 60),
  };
  const chosen = PROOFS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { settings, chosen, out: values.out ?? join(ROOT, ".tillsync", "proof") };
}

function number(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[0-9]{1,12}$/.test(text)) throw new Error(`${flag} takes a whole number; got "${text}"`);
  return Number(text);
}

async function run(proof: Proof, settings: ProofSettings): Promise<ProofResult> {
  const { name, says } = proof;
  const begin = performance.now();
  const seconds = () => Math.round((performance.now() - begin) / 100) / 10;
  const onProgress = (text: string) =>
    console.error(`${name.padEnd(12)}${seconds().toFixed(0).padStart(7)} s  ${text}`);
  try {
    onProgress("begins");
    const outcome = await proof.run(settings, onProgress);
    onProgress("notRun" in outcome ? `not run: ${outcome.notRun}` : `ends, ${outcome.violations.length} violations`);
    return { name, says, seconds: seconds(), ...outcome };
  } catch (error) {
    const violation = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { name, says, seconds: seconds(), figures: {}, violations: [`it ended early: ${violation}`] };
  }
}

/** What somebody needs to know to run the same again. */
function surroundings(): Omit<ProofReport, "results" | "seed"> {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  return {
    commit: git("rev-parse", "HEAD"),
    changedFiles: git("status", "--short").split("\n").filter(Boolean).length,
    command: `npm run proof -- ${process.argv.slice(2).join(" ")}`.trim(),
    finishedAt: new Date().toISOString(),
    machine: `${platform()} ${release()} ${arch()}, ${cpus().length} cores, ${cpus()[0]?.model ?? "?"}, Node ${process.version}`,
  };
}

function write(out: string, report: ProofReport): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "proof.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(out, "proof.md"), markdownOf(report));
}
