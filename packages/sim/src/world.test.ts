import { describe, expect, it } from "vitest";
import { runSeed } from "./world.ts";

describe("a run", () => {
  it("is the same run again for the same seed, line by line, and another one for another seed (I35)", async () => {
    const lines: string[][] = [];
    const hashes: string[] = [];
    for (const seed of [7, 7, 8]) {
      const seen: string[] = [];
      hashes.push((await runSeed(seed, { onLine: (line) => seen.push(line) })).eventHash);
      lines.push(seen);
    }
    expect(lines[1]).toEqual(lines[0]);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });
});
