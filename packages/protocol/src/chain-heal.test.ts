import { describe, expect, it } from "vitest";
import { CHAIN_START, linkHash } from "./chain.ts";
import { ChainCheck, type FoundRow } from "./chain-check.ts";
import { type Gift, heal } from "./chain-heal.ts";
import { Chance } from "./testing/fuzz/chance.ts";
import { sha256 } from "./testing/sha256.ts";

const LIFE = { terminal: "0190a5da-c967-774b-8cce-b302099a8057", incarnation: "00112233445566ff" };
type Row = FoundRow & { readonly hash: string; readonly body: string };

function chain(length: number): Row[] {
  let prevHash = CHAIN_START;
  return Array.from({ length }, (_, index) => {
    const row = { seq: index + 1, body: `{"sale":${index}}` };
    const hash = linkHash(sha256, { ...LIFE, ...row, prevHash });
    prevHash = hash;
    return { ...row, hash };
  });
}

function flawsOf(rows: readonly FoundRow[], length: number, last: string) {
  const check = new ChainCheck(sha256, LIFE, { fromSeq: 1, prevHash: CHAIN_START });
  for (const row of rows) check.add(row);
  check.skipTo(length + 1);
  return check.end(last);
}

const whats = (rows: readonly FoundRow[], whole: readonly Row[]) =>
  flawsOf(rows, whole.length, whole.at(-1)?.hash ?? "").map(({ seq, what }) => `${seq} ${what}`);

describe("a stretch of a chain", () => {
  const whole = chain(6);
  const without = (seq: number) => whole.filter((row) => row.seq !== seq);
  const changed = (seq: number, over: Partial<FoundRow>) =>
    whole.map((row) => (row.seq === seq ? { ...row, ...over } : row));
  const wrong = "f".repeat(64);

  it("that is whole has no flaw", () => {
    expect(whats(whole, whole)).toEqual([]);
  });

  it.each([1, 3, 6])("tells altered bytes, an altered hash and a missing change apart at %i", (seq) => {
    expect(whats(changed(seq, { body: "{}" }), whole)).toEqual([`${seq} altered`]);
    expect(whats(changed(seq, { body: null }), whole)).toEqual([`${seq} altered`]);
    expect(whats(changed(seq, { hash: wrong }), whole)).toEqual([`${seq} hash`]);
    expect(whats(without(seq), whole)).toEqual([`${seq} missing`]);
  });

  it("with a change that stands twice, in the place of its neighbour too: both are asked for, and one is changed", () => {
    const [, second] = whole;
    expect(whats(changed(3, { body: second?.body ?? "", hash: second?.hash ?? "" }), whole)).toEqual([
      "3 altered",
      "4 altered",
    ]);
  });
});

const SEED = Number(process.env.TILLSYNC_SEED ?? 1);
const ROUNDS = 400;

describe("any changes that were lost or altered", () => {
  it(`come back from the other side, and no others are touched (seed ${SEED})`, () => {
    for (let round = 0; round < ROUNDS; round++) {
      const chance = new Chance(SEED + round);
      const between = (min: number, max: number) => min + chance.below(max - min + 1);
      const whole = chain(between(2, 30));
      const broken = new Map<number, FoundRow>(whole.map((row) => [row.seq, row]));
      const faulty = new Set<number>();
      for (let k = between(1, 8); k > 0; k--) {
        const seq = between(1, whole.length);
        faulty.add(seq);
        const row = broken.get(seq);
        const fault = between(0, 3);
        if (fault === 0 || row === undefined) broken.delete(seq);
        else if (fault === 1) broken.set(seq, { ...row, body: `${row.body} ` });
        else if (fault === 2) broken.set(seq, { ...row, hash: sha256(`${round} ${seq} ${k}`) });
        else broken.set(seq, { ...row, ...broken.get(seq - 1), seq });
      }
      const touched = healAll(broken, whole);
      expect({ round, rows: [...broken.values()] }).toEqual({ round, rows: whole });
      for (const seq of touched) expect({ round, seq, faulty: faulty.has(seq) }).toEqual({ round, seq, faulty: true });
    }
  });

  it("are not taken from bytes that do not fit", () => {
    const whole = chain(5);
    const found = new Map<number, FoundRow>(whole.filter(({ seq }) => seq !== 3).map((row) => [row.seq, row]));
    const known = { seq: 5, hash: whole[4]?.hash ?? "" };
    const gift = { seq: 3, body: "{}", prevHash: whole[1]?.hash };
    expect(heal(sha256, LIFE, [gift], { found, known })).toEqual({ rows: [], hashes: [], doubted: [4] });
    const right = { ...gift, body: whole[2]?.body ?? "" };
    expect(heal(sha256, LIFE, [{ ...right, prevHash: "0".repeat(64) }], { found, known }).rows).toEqual([]);
    expect(heal(sha256, LIFE, [right], { found, known }).rows).toEqual([{ ...whole[2], origin: undefined }]);
  });
});

/** As either side does it: look, ask for what is wrong, take what fits, look again. @returns the rows that were changed */
function healAll(broken: Map<number, FoundRow>, whole: readonly Row[]): Set<number> {
  const last = whole.at(-1)?.hash ?? "";
  const touched = new Set<number>();
  let doubted: readonly number[] = [];
  const write = (row: FoundRow) => {
    const before = broken.get(row.seq);
    if (before?.hash !== row.hash || before?.body !== row.body) touched.add(row.seq);
    broken.set(row.seq, { seq: row.seq, hash: row.hash, body: row.body });
  };
  for (let round = 0; round < 20; round++) {
    const rows = [...broken.values()].sort((a, b) => a.seq - b.seq);
    const flaws = flawsOf(rows, whole.length, last);
    for (const flaw of flaws) {
      const row = broken.get(flaw.seq);
      if (flaw.what === "hash" && row) write({ ...row, hash: flaw.hash });
    }
    const asked = new Set([...flaws.flatMap(({ seq, what }) => (what === "hash" ? [] : [seq])), ...doubted]);
    if (asked.size === 0) break;
    const gifts = [...asked].map((seq): Gift => ({ seq, body: at(seq).body, prevHash: at(seq - 1).hash }));
    const healing = heal(sha256, LIFE, gifts, { found: broken, known: { seq: whole.length, hash: last } });
    for (const row of healing.rows) write(row);
    for (const { seq, hash } of healing.hashes) write({ seq, hash, body: broken.get(seq)?.body ?? null });
    doubted = healing.doubted;
  }
  const sorted = [...broken].sort(([a], [b]) => a - b);
  broken.clear();
  for (const [seq, row] of sorted) broken.set(seq, row);
  return touched;

  function at(seq: number): { hash: string; body: string } {
    return whole[seq - 1] ?? { hash: CHAIN_START, body: "" };
  }
}
