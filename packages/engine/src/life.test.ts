import { copyFileSync, rmSync } from "node:fs";
import { parseBody } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

const bodies = (till: Till) =>
  till.store.read
    .all<{ body: string }>("SELECT body FROM journal ORDER BY position")
    .map(({ body }) => parseBody(body));

/** Takes a copy of the till's database between two runs. */
async function backup(till: Till): Promise<void> {
  await till.terminal.close();
  copyFileSync(till.file, `${till.file}.backup`);
  till.start();
}

/** The power is cut, and somebody puts the backup back. The witness stays. */
function restore(till: Till): void {
  till.crash();
  for (const tail of ["-wal", "-shm"]) rmSync(`${till.file}${tail}`, { force: true });
  copyFileSync(`${till.file}.backup`, till.file);
}

describe("the witness", () => {
  it("is written after every commit, with the place and hash of the last change", async () => {
    const till = await openTill();
    for (const id of ["a", "b"]) {
      const { incarnation, seq, hash } = till.terminal.closeOrder(sale(id));
      expect(till.witness.seen).toEqual({ incarnation, seq, hash });
    }
    const before = till.witness.seen;
    till.terminal.closeOrder(sale("a"));
    expect(till.witness.seen).toEqual(before);
  });

  it("is flushed when a shift closes and when the terminal stops, not at every sale", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("a"));
    expect(till.witness.flushedAt).toBeUndefined();
    till.terminal.closeShift({});
    expect(till.witness.flushedAt).toMatchObject({ seq: 3 });
    till.terminal.openShift({ operator: "Amina" });
    await till.terminal.close();
    expect(till.witness.flushedAt).toMatchObject({ seq: 4 });
  });

  it("that lags, is missing or torn says nothing against the database", async () => {
    const till = await openTill();
    const early = till.witness.seen;
    till.terminal.closeOrder(sale("a"));
    for (const seen of [early, undefined]) {
      till.crash();
      till.witness.seen = seen;
      till.start();
      expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 1, headSeq: 2 });
    }
  });
});

describe("a database that was rolled back", () => {
  async function rolledBack(): Promise<Till> {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("kept"));
    await backup(till);
    till.terminal.closeOrder(sale("lost"));
    restore(till);
    till.start();
    return till;
  }

  it("begins a new life before the first sale, which says where the old one ended (I18)", async () => {
    const till = await rolledBack();
    const { incarnation, incarnationOrdinal, headSeq } = till.terminal.status();
    expect({ incarnationOrdinal, headSeq }).toEqual({ incarnationOrdinal: 2, headSeq: 1 });
    const reborn = bodies(till).at(-1);
    const [old] = till.store.read.all<{ incarnation: string; hash: string }>(
      "SELECT incarnation, (SELECT lower(hex(hash)) FROM journal WHERE local_id = 'kept') AS hash FROM life ORDER BY ordinal",
    );
    expect(reborn).toMatchObject({ kind: "terminal.reborn", localId: incarnation, businessDate: "2026-01-16" });
    expect(reborn?.payload).toEqual({
      parent: old?.incarnation,
      parentSeq: 2,
      parentHash: old?.hash,
      reason: "the witness was ahead of the database",
    });
    expect(incarnation).not.toBe(old?.incarnation);
  });

  it("prints other receipt numbers than before, counted from 1", async () => {
    const till = await rolledBack();
    const mark = /^T01R[0-9A-HJKMNP-TV-Z]{3}-20260116-/;
    const [first, second] = ["a", "b"].map((id) => till.terminal.closeOrder(sale(id)).receiptNumber ?? "");
    expect(first).toMatch(mark);
    expect(first?.endsWith("-00001")).toBe(true);
    expect(second?.endsWith("-00002")).toBe(true);
    await till.restart();
    expect(till.terminal.closeOrder(sale("c")).receiptNumber).toBe(second?.replace("-00002", "-00003"));
    expect(till.terminal.explain(first ?? "")?.localId).toBe("a");
    expect(till.terminal.explain("T01-20260116-00001")?.localId).toBe("kept");
  });

  it("goes on in the open shift; what it adds up then is the new life's", async () => {
    const till = await rolledBack();
    expect(till.terminal.shift()).toMatchObject({ localId: "shift-1", openSeq: 1 });
    till.terminal.closeOrder(sale("a"));
    till.terminal.closeShift({});
    expect(bodies(till).at(-1)?.payload).toMatchObject({
      openSeq: 1,
      closeSeq: 2,
      counts: { "terminal.reborn": 1, "order.closed": 1 },
    });
  });

  it("sends what the old life still had first, and the new one after it", async () => {
    const till = await rolledBack();
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    till.centre.always = (_request, honest) => honest();
    const sent = till.centre.requests.length;
    await till.terminal.syncNow();
    const lives = till.centre.requests.slice(sent).map(({ incarnation }) => incarnation);
    const [old, young] = till.store.read.all<{ incarnation: string }>("SELECT incarnation FROM life ORDER BY ordinal");
    // It asks how the centre has the old one, which has all of it, and sends the new one.
    expect(lives).toEqual([old?.incarnation, young?.incarnation]);
    expect(till.centre.stored(old?.incarnation ?? "")).toHaveLength(2);
    expect(till.centre.stored(young?.incarnation ?? "")).toHaveLength(2);
    expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 2 });
  });

  it("is born again once, not at every start", async () => {
    const till = await rolledBack();
    for (let starts = 0; starts < 3; starts++) {
      till.crash();
      till.start();
    }
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 2, headSeq: 1 });
  });

  it("is born once also when the witness could not be written about it", async () => {
    const till = await openTill();
    await backup(till);
    till.terminal.closeOrder(sale("lost"));
    const { seen } = till.witness;
    restore(till);
    till.witness.broken = new Error("no space left on device");
    for (let starts = 0; starts < 3; starts++) {
      till.start();
      expect(till.terminal.status().incarnationOrdinal).toBe(2);
      till.crash();
    }
    expect(till.witness.seen).toEqual(seen);
  });

  it("to before its last rebirth begins a life that was never there before", async () => {
    const till = await rolledBack();
    const second = till.terminal.status().incarnation;
    till.terminal.closeOrder(sale("also-lost"));
    restore(till);
    till.start();
    const { incarnation, incarnationOrdinal } = till.terminal.status();
    expect(incarnationOrdinal).toBe(2);
    expect(incarnation).not.toBe(second);
    expect(bodies(till).at(-1)?.payload).toMatchObject({
      reason: "the witness has seen a life that the database does not have",
    });
  });

  it("with the same number of changes but other ones begins a new life as well", async () => {
    const till = await openTill();
    await backup(till);
    till.terminal.closeOrder(sale("lost"));
    const { seen } = till.witness;
    restore(till);
    till.witness.seen = undefined;
    till.start();
    till.terminal.closeOrder(sale("other"));
    till.crash();
    till.witness.seen = seen;
    till.start();
    expect(till.terminal.status().incarnationOrdinal).toBe(2);
  });
});

describe("a database that was lost while the witness was not", () => {
  it("does not begin as if nothing had been printed yet", async () => {
    const till = await openTill();
    const { incarnation, seq, hash } = till.terminal.closeOrder(sale("lost"));
    till.crash();
    for (const tail of ["", "-wal", "-shm"]) rmSync(`${till.file}${tail}`, { force: true });
    till.start();
    expect(till.terminal.status()).toMatchObject({ incarnationOrdinal: 2, headSeq: 1 });
    expect(bodies(till)[0]?.payload).toEqual({
      parent: incarnation,
      parentSeq: seq,
      parentHash: hash,
      reason: "the database was lost and the witness was not",
    });
    till.terminal.openShift({ operator: "Amina" });
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toMatch(/^T01R...-20260116-00001$/);
    await till.settle();
    expect(till.terminal.status().pending).toBe(0);
    // What head office has of it is there again.
    expect(till.terminal.order("lost")?.receiptNumber).toBe("T01-20260116-00001");
  });
});
