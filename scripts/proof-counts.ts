import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Counts } from "./count-reporter.ts";
import type { ProofOutcome } from "./proof-parts.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VARIABLE = "TILLSYNC_FULL_COUNTS";

/** Test files that do less of something in every run than they can. */
export function filesWithCounts(): string[] {
  const files = globSync("packages/**/*.test.ts", { cwd: ROOT, exclude: ["**/node_modules/**"] });
  return files.filter((file) => readFileSync(join(ROOT, file), "utf8").includes(`process.env.${VARIABLE}`)).sort();
}

/** Runs those files with all of their counts. */
export async function fullCounts(): Promise<ProofOutcome> {
  const files = filesWithCounts();
  const folder = mkdtempSync(join(tmpdir(), "tillsync-counts-"));
  try {
    const counts = join(folder, "counts.json");
    const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
    const args = [
      "run",
      ...files,
      "--reporter=default",
      "--reporter=./scripts/count-reporter.ts",
      "--testTimeout=3600000",
    ];
    const env = { ...process.env, [VARIABLE]: "1", TILLSYNC_COUNTS: counts };
    const child = spawn(process.execPath, [vitest, ...args], { cwd: ROOT, stdio: ["ignore", 2, 2], env });
    const [code] = await once(child, "exit");
    const { passed, failures, skipped } = JSON.parse(readFileSync(counts, "utf8")) as Counts;
    const outside = code !== 0 && failures.length === 0 ? [`vitest ended with exit code ${code}`] : [];
    return { figures: { files: files.length, passed, skipped: skipped.length }, violations: [...failures, ...outside] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
