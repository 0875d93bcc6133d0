import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/test-order.ts";
import { PARTS, type Part } from "./scripts/test-parts.ts";

/** One project a part: `npx vitest --project unit`, or a file by name, do what `npm test` does. */
export default defineConfig({
  test: {
    // Bounds for what never comes, on a machine that does other things: no test measures its time by them.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    // Vitest would leave one core to itself, which is half of a small machine, and hardly use it.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    projects: PARTS.flatMap(project),
  },
});

function project({ name, files }: Part) {
  if (files === undefined) return [];
  const include = [...files.include];
  const exclude = [...files.exclude];
  const globalSetup = [
    "./scripts/test-starts.ts",
    ...(name === "unit" ? [] : ["./scripts/test-postgres.ts"]),
    ...(name === "browser" ? ["./scripts/test-browser.ts"] : []),
  ];
  // Half of the work of small files is to load the same modules as the file before: unit tests share them.
  const isolate = name !== "unit";
  return [{ extends: true as const, test: { name, include, exclude, globalSetup, isolate } }];
}
