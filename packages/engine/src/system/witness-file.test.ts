import { readFileSync, statSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Witnessed } from "../ports.ts";
import { tempFolder } from "../testing/temp-folder.ts";
import { openWitness } from "./witness-file.ts";

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const witnessed: fc.Arbitrary<Witnessed> = fc.record({
  incarnation: hex(16),
  seq: fc.integer({ min: 0, max: 2 ** 40 }),
  hash: hex(64),
});

function bytesOf(file: string, seen: Witnessed): Buffer {
  const witness = openWitness(file);
  witness.write(seen);
  witness.close();
  return readFileSync(file);
}

describe("the witness file", () => {
  it("says nothing before the first write", () => {
    const witness = openWitness(`${tempFolder()}/till.db.witness`);
    expect(witness.read()).toBeUndefined();
    witness.close();
  });

  it("gives back the last write, also to the next process, whatever was there before", () => {
    const file = `${tempFolder()}/till.db.witness`;
    fc.assert(
      fc.property(fc.array(witnessed, { minLength: 1, maxLength: 4 }), (all) => {
        const witness = openWitness(file);
        for (const seen of all) witness.write(seen);
        witness.flush();
        expect(witness.read()).toEqual(all.at(-1));
        witness.close();
        const next = openWitness(file);
        expect(next.read()).toEqual(all.at(-1));
        next.close();
      }),
    );
  });

  it("may lag and never misleads: any part of a write over the one before is old, new or nothing", () => {
    const file = `${tempFolder()}/till.db.witness`;
    fc.assert(
      fc.property(witnessed, witnessed, fc.nat(127), (before, after, cut) => {
        const old = bytesOf(file, before);
        const torn = Buffer.concat([bytesOf(file, after).subarray(0, cut), old.subarray(cut)]);
        writeFileSync(file, torn);
        const witness = openWitness(file);
        const seen = witness.read();
        witness.close();
        if (seen !== undefined) expect([before, after]).toContainEqual(seen);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["an empty file", ""],
    ["a cut line", "00112233445566ff 17 ab"],
    ["zeros", "\0".repeat(128)],
    ["two lines", `${"x".repeat(127)}\n${"x".repeat(127)}\n`],
  ])("takes %s for no witness", (_what, text) => {
    const file = `${tempFolder()}/till.db.witness`;
    writeFileSync(file, text);
    const witness = openWitness(file);
    expect(witness.read()).toBeUndefined();
    witness.close();
  });

  it("can be read by its owner only", () => {
    const file = `${tempFolder()}/till.db.witness`;
    openWitness(file).close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
