import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openTerminal } from "@tillsync/engine";
import { RANGE_CHANGES, rangesOf } from "@tillsync/protocol";
import type { DigestPage, LedgerRow } from "@tillsync/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Difference } from "./compare.ts";
import { compareLife } from "./compare-life.ts";
import { openJournal, type TillChange, type TillJournal, type TillLife } from "./journal-side.ts";
import type { Ledger } from "./ledger-side.ts";
import { emptyTally } from "./tally.ts";
import { tillDigest } from "./till-digest.ts";

const SALES = 120;

let file: string;
let journal: TillJournal;
let life: TillLife;
beforeAll(async () => {
  file = join(mkdtempSync(join(tmpdir(), "tillsync-digests-")), "till.db");
  const central = { url: "http://127.0.0.1:1", key: "none" };
  const till = openTerminal({
    file,
    terminal: "0198c0de-0000-7000-8000-000000000001",
    shortId: "T01",
    store: "main",
    currency: "KES",
    central,
  });
  till.openShift({ operator: "Amina", businessDate: "2026-01-16" });
  till.transaction((tx) => {
    for (let index = 0; index < SALES; index++) tx.closeOrder({ localId: `o-${index}`, lines: [], tenders: [] });
  });
  await till.close(0);
  journal = openJournal(file);
  life = journal.lives[0] as TillLife;
});
afterAll(() => {
  journal.close();
  rmSync(dirname(file), { recursive: true });
});

/** A centre that has what the till has. */
function mirror(): Ledger & { asked: number[] } {
  const asked: number[] = [];
  const rowOf = ({ seq, hash, bytes, kind, localId, document }: TillChange): LedgerRow => ({
    ...{ incarnation: life.incarnation, seq, hash, changeId: null, kind, localId, effect: "applied", code: null },
    ...{ repeat: false, intact: true, bytes: bytes(), private: "whole" },
    document: document && { entity: "order", state: "closed", businessDate: "2026-01-16", ...document },
  });
  return {
    asked,
    travelled: { requests: 0, bytes: 0, rows: 0 },
    digests: async (_life, { fromSeq, toSeq = life.headSeq, size }): Promise<DigestPage> => {
      asked.push(size);
      const ranges = [...rangesOf(fromSeq, toSeq, size)].map((range) => tillDigest(journal, life, range));
      const mark = { durableThrough: life.headSeq, chainHash: journal.hashAt(life, life.headSeq) ?? "" };
      return { terminal: journal.terminal, ...life, ...mark, ranges, totals: [], nextSeq: null };
    },
    rows: async (_life, { fromSeq, toSeq }) => [...journal.changes(life, fromSeq, toSeq)].map(rowOf),
    rowBehind: async () => undefined,
    mark: async () => ({ asked: [], restored: [], intact: [] }),
    newestLife: async () => undefined,
  };
}

async function differences(ledger: Ledger): Promise<[number | null, string][]> {
  const found: Difference[] = [];
  const tallies = { till: emptyTally(), centre: emptyTally() };
  const onDifference = (one: Difference) => found.push(one);
  await compareLife({ journal, ledger, life, fromSeq: 1, since: "", tallies, onDifference, progress: () => {} });
  return found.map(({ seq, what }) => [seq, what]);
}

describe("two sides that are compared by digests", () => {
  it("need one answer while they are the same", async () => {
    const ledger = mirror();
    expect(await differences(ledger)).toEqual([]);
    expect(ledger.asked).toEqual([RANGE_CHANGES]);
  });

  it.each([
    [1, [RANGE_CHANGES]],
    [41, [RANGE_CHANGES, 40]],
    [50, [RANGE_CHANGES, 40, 1]],
  ])("are not called equal by digests that forget a change: told at %i (ranges of %j)", async (told, sizes) => {
    const ledger = mirror();
    const honest = ledger.digests;
    ledger.digests = async (of, from) => {
      const page = await honest(of, from);
      const { digest } = tillDigest(journal, life, { fromSeq: 50, toSeq: 49 });
      const forgets = (range: { fromSeq: number; toSeq: number }) =>
        sizes.includes(from.size) && range.fromSeq <= 50 && range.toSeq >= 50;
      return { ...page, ranges: page.ranges.map((range) => (forgets(range) ? { ...range, digest } : range)) };
    };
    expect(await differences(ledger)).toEqual([[told, "other digest at the centre"]]);
  });

  it("are not called equal when a row is missing on both", async () => {
    const ledger = mirror();
    const honest = journal.changes;
    const gone = {
      ...journal,
      changes: (of: TillLife, from: number, to: number) => [...honest(of, from, to)].filter(({ seq }) => seq !== 7),
    };
    const found: Difference[] = [];
    const tallies = { till: emptyTally(), centre: emptyTally() };
    const both = {
      ...ledger,
      digests: async (...args: Parameters<Ledger["digests"]>) => {
        const page = await ledger.digests(...args);
        return { ...page, ranges: page.ranges.map((range) => tillDigest(gone, life, range)) };
      },
      rows: async (...args: Parameters<Ledger["rows"]>) => (await ledger.rows(...args)).filter(({ seq }) => seq !== 7),
    };
    await compareLife({
      journal: gone,
      ledger: both,
      life,
      fromSeq: 1,
      since: "",
      tallies,
      onDifference: (one) => found.push(one),
      progress: () => {},
    });
    expect(found.map(({ seq, what }) => [seq, what])).toContainEqual([7, "missing on both sides"]);
  });
});
