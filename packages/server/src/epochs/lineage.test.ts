import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { whyRenew } from "./lineage.ts";
import { readWitness, writeWitness } from "./witness-file.ts";

const EPOCH = "0198c0de-0000-4000-8000-00000000cafe";
const PLACE = { system: "7714036466907357211", timeline: 1, lsn: 5000n };
const KNOWN = { epoch: EPOCH, knownSystem: PLACE.system, knownTimeline: PLACE.timeline };
const SEEN = { ...PLACE, epoch: EPOCH };

describe("a database is another one", () => {
  it.each([
    ["that was filled from a dump, or moved to another cluster", { ...KNOWN, knownSystem: "1" }, SEEN, "dump"],
    ["that was rolled forward from a backup", { ...KNOWN, knownTimeline: 2 }, SEEN, "timeline"],
    ["whose files were put back", KNOWN, { ...SEEN, lsn: 5001n }, "put back"],
  ])("%s", (_what, known, seen, why) => {
    expect(whyRenew(known, PLACE, seen)).toContain(why);
  });
});

describe("a database is the same", () => {
  it.each([
    ["that went on", KNOWN, { ...SEEN, lsn: 4000n }],
    ["that nobody had seen before", { ...KNOWN, knownSystem: null, knownTimeline: null }, undefined],
    ["of which the witness was lost", KNOWN, undefined],
    ["when the witness is of another cluster", KNOWN, { ...SEEN, system: "1", lsn: 9000n }],
    ["when the witness is of an epoch that is over", KNOWN, { ...SEEN, epoch: "another", lsn: 9000n }],
  ])("%s", (_what, known, seen) => {
    expect(whyRenew(known, PLACE, seen)).toBeNull();
  });
});

describe("the witness of a database", () => {
  const folder = mkdtempSync(join(tmpdir(), "tillsync-witness-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "new", "database.witness");

  it("says what it was told, in a folder that it makes", () => {
    writeWitness(file, SEEN);
    expect(readWitness(file)).toEqual(SEEN);
    expect(readFileSync(file, "utf8")).not.toContain("password");
  });

  it("that is torn, missing or something else says nothing", () => {
    for (const text of ["", "{", '{"epoch":1}', "{}"]) {
      writeFileSync(file, text);
      expect(readWitness(file)).toBeUndefined();
    }
    expect(readWitness(join(folder, "none"))).toBeUndefined();
  });
});
