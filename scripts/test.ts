// What `npm test` runs. `npm test -- --help` explains it.
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { locateBinaries } from "@tillsync/server/embedded";
import type { Counts } from "./count-reporter.ts";
import { chooseParts, PARTS, type Part } from "./test-parts.ts";
import { notRun, type PartResult, single, summarize } from "./test-result.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HELP = `npm test [-- PART...] [-- --all]

Without a part: ${PARTS.filter((part) => !part.onlyInAll)
  .map((part) => part.name)
  .join(", ")}. With --all: every part.

${PARTS.map((part) => `  ${part.name.padEnd(8)}${part.says}${part.onlyInAll ? " (only with --all or by name)" : ""}`).join("\n")}

TILLSYNC_TEST_DATABASE_URL   superuser URL of a PostgreSQL to use instead of the one npm installed
TILLSYNC_SIM_SEEDS           how many seeds the simulation runs

Example: npm test -- unit pg`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  let chosen: Part[];
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: { all: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    chosen = chooseParts(positionals, values.all);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 1;
  }

  const results: PartResult[] = [];
  const overview: string[] = [];
  for (const part of chosen) {
    console.log(`\n=== ${part.name}: ${part.says}`);
    const begin = performance.now();
    const result = await run(part);
    results.push(result);
    overview.push(describe(result, (performance.now() - begin) / 1000));
    console.log(overview.at(-1));
  }
  console.log(`\n${overview.join("\n")}`);
  const left = PARTS.filter((part) => !chosen.includes(part)).map((part) => part.name);
  if (left.length > 0) console.log(`not asked for: ${left.join(", ")}`);
  const { lines, exitCode } = summarize(results);
  console.log(lines.join("\n"));
  return exitCode;
}

function describe(result: PartResult, seconds: number): string {
  const counts = result.notRun ?? `${result.passed} passed, ${result.failed} failed, ${result.skipped.length} skipped`;
  return `${result.part.padEnd(8)}${seconds.toFixed(1).padStart(7)} s   ${counts}`;
}

async function run(part: Part): Promise<PartResult> {
  if (part.name === "check") return checkTypes();
  if (part.name === "lint") return lint();
  if (part.files === undefined) throw new Error(`part ${part.name} has neither files nor a command`);
  const { include, exclude } = part.files;
  if (globSync([...include], { cwd: ROOT, exclude: [...exclude] }).length === 0)
    return notRun(part.name, "no tests yet");
  const missing = part.name === "pg" ? whyNoPostgres() : undefined;
  if (missing !== undefined) {
    // On a developer's odd machine the rest is still worth running; where the result is what counts, it is a failure.
    return process.env.CI === "true"
      ? { ...single(part.name, false), failures: [missing] }
      : notRun(part.name, missing);
  }
  return vitest(part);
}

/** Every program of types: the root's, and those of packages that need other settings (browsers). */
async function checkTypes(): Promise<PartResult> {
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  const projects = ["tsconfig.json", ...globSync("packages/*/tsconfig.json", { cwd: ROOT })];
  let passed = true;
  for (const project of projects) passed = (await node([tsc, "--noEmit", "-p", project])) === 0 && passed;
  return single("check", passed);
}

async function lint(): Promise<PartResult> {
  const biome = join("node_modules", "@biomejs", "biome", "bin", "biome");
  const places = ["packages", "scripts", "tidy", "bench", "examples", "vitest.config.ts"];
  const present = places.filter((place) => existsSync(join(ROOT, place)));
  return single("lint", (await node([biome, "check", "--error-on-warnings", ...present])) === 0);
}

function whyNoPostgres(): string | undefined {
  if (process.env.TILLSYNC_TEST_DATABASE_URL !== undefined) return undefined;
  try {
    locateBinaries();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function vitest({ name: part, waits }: Part): Promise<PartResult> {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-counts-"));
  try {
    const file = join(folder, "counts.json");
    const args = ["--project", part, "--reporter=default", "--reporter=./scripts/count-reporter.ts"];
    if (waits) args.push(`--maxWorkers=${availableParallelism() + 1}`);
    const exitCode = await node([join("node_modules", "vitest", "vitest.mjs"), "run", ...args], {
      TILLSYNC_COUNTS: file,
    });
    if (!existsSync(file))
      return { ...single(part, false), failures: [`vitest ended with exit code ${exitCode} and no result`] };
    const counts = JSON.parse(readFileSync(file, "utf8")) as Counts;
    // Vitest may see a failure that belongs to no test; its exit code has the last word.
    const failures =
      exitCode !== 0 && counts.failures.length === 0 ? [`vitest ended with exit code ${exitCode}`] : counts.failures;
    return { part, passed: counts.passed, failed: failures.length, skipped: counts.skipped, failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program on this Node, its output shown as it comes, and gives its exit code. */
function node(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...env } });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    process.on("SIGTERM", forward);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGTERM", forward);
      // Ended from outside: the parts after it would only hide that.
      if (signal !== null) process.exit(1);
      resolve(code ?? 1);
    });
  });
}
