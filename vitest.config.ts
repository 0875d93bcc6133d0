import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/test-order.ts";
import { PARTS, type Part } from "./scripts/test-parts.ts";

/** One project a part: `npx vitest --project unit`, or a file by name, do what `npm test` does. */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Vitest's own second is too short for a machine that does other things; what never comes fails all the same.
    expect: { poll: { timeout: 30_000 } },
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
  return [{ extends: true as const, test: { name, include, exclude, globalSetup } }];
}
