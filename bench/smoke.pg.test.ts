import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { expectRows, holds, median } from "./bench.ts";
import { BENCHES } from "./benches.ts";

/** Tiny sizes: that every bench runs and finds all its rows. How fast it was says nothing here, so nothing asks. */
describe.concurrent("each bench", () => {
  it.each(BENCHES.map((bench) => [bench.name, bench] as const))("%s runs and counts its rows", async (name, bench) => {
    const folder = mkdtempSync(join(tmpdir(), `tillsync-bench-${name}-`));
    try {
      const options = { smoke: true, rounds: undefined, rivals: false, folder, onProgress: () => {} };
      const report = await bench.run(options);
      expect(report.rows.length).toBeGreaterThan(1);
      for (const { figures } of report.rows) expect(figures).toHaveLength(report.columns.length);
      expect(report.bars.length).toBeGreaterThan(0);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

describe("what a bench says", () => {
  it("has the middle of its rounds, and keeps a promise or not", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2.5, null]);
    expect(holds({ what: "speed", value: 0.7, must: { atLeast: 0.7 } })).toBe(true);
    expect(holds({ what: "bytes", value: 4.1, must: { atMost: 4 } })).toBe(false);
    expect(holds({ what: "bytes", value: null, must: { atMost: 4 } })).toBe(false);
  });

  it("is nothing when a row is missing or came twice", () => {
    expect(() => expectRows("document", 2, 1)).toThrow("document: 1 rows at the end, and not 2");
    expect(() => expectRows("document", 2, 3)).toThrow("not 2");
  });

  it("names the benches to somebody who names none", async () => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [main, "nothing"], (error, _stdout, stderr) => resolve({ code: error?.code, stderr }));
    });
    expect(code).toBe(1);
    for (const { name } of BENCHES) expect(stderr).toContain(name);
  });
});
