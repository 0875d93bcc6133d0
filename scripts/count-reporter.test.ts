import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import type { Counts } from "./count-reporter.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const FILES = {
  "results.test.ts": `import { expect, it } from "vitest";
    it("passes", () => {});
    it("fails", () => expect(1).toBe(2));
    it("is left out", (context) => context.skip("not run: no printer"));`,
  "hook.test.ts": `import { beforeAll, describe, it } from "vitest";
    describe("hook", () => { beforeAll(() => { throw new Error("no set-up") }); it("waits for the hook", () => {}); });`,
  "import.test.ts": `import "./nowhere.ts"; import { it } from "vitest"; it("is never seen", () => {});`,
  "loose.test.ts": `import { it } from "vitest"; it("leaves a promise", async () => {
    void Promise.reject(new Error("nobody waits")); await new Promise((resolve) => setTimeout(resolve, 20)); });`,
};

it("counts passed, failed and skipped tests, and failures that belong to no test", async () => {
  // Inside the repository, where `vitest` can be imported from.
  mkdirSync(join(ROOT, ".tillsync"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".tillsync", "reporter-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "vitest.config.ts"), "export default {};");

  const counts = await runVitest(folder);
  expect(counts.passed).toBe(2);
  expect([...counts.failures].sort()).toEqual([
    expect.stringMatching(/^hook: no set-up/),
    expect.stringMatching(/^import\.test\.ts: .*nowhere/),
    "outside a test: nobody waits",
    "results.test.ts > fails",
  ]);
  expect(counts.skipped).toContain("results.test.ts > is left out (not run: no printer)");
});

function runVitest(folder: string): Promise<Counts> {
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const reporter = `--reporter=${join(ROOT, "scripts", "count-reporter.ts")}`;
  const file = join(folder, "counts.json");
  return new Promise((resolve) => {
    const env = { ...process.env, TILLSYNC_COUNTS: file };
    execFile(process.execPath, [vitest, "run", "--root", folder, reporter], { env }, () => {
      resolve(JSON.parse(readFileSync(file, "utf8")) as Counts);
    });
  });
}
