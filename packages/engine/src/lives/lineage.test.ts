import { copyFileSync, rmSync } from "node:fs";
import type { WireChange } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { unreachable } from "../testing/fake-centre.ts";
import { openTill, sale, type Till } from "../testing/till.ts";

const DAY = "2026-01-16";
const life = (till: Till) => till.terminal.status().incarnation;

interface Row {
  readonly localId: string;
  readonly ordinal: number;
  readonly seq: number;
  readonly origin: string | null;
}

const sales = (till: Till) =>
  till.store.read.all<Row>(
    `SELECT local_id AS localId, position >> 40 AS ordinal, position & 1099511627775 AS seq, origin FROM journal
     WHERE kind = 'order.closed' ORDER BY position`,
  );

/** Database and witness are copied; the till goes on, and then both are put back. */
async function putBack(till: Till, meanwhile: () => void | Promise<void>): Promise<void> {
  till.crash();
  copyFileSync(till.file, `${till.file}.copy`);
  const { seen } = till.witness;
  till.start();
  await till.settle();
  await meanwhile();
  till.crash();
  for (const tail of ["-wal", "-shm"]) rmSync(`${till.file}${tail}`, { force: true });
  copyFileSync(`${till.file}.copy`, till.file);
  till.witness.seen = seen;
  till.start();
}

const sell = (till: Till, ...ids: string[]) => ids.map((id) => till.terminal.closeOrder(sale(id)).receiptNumber);

it("ends the life where both agree, and sends what is behind it again: the same bytes, with where they stood first", async () => {
  const till = await openTill();
  sell(till, "a");
  await till.settle();
  const old = life(till);
  await putBack(till, async () => {
    sell(till, "theirs-1", "theirs-2");
    await till.settle();
  });
  const { always } = till.centre;
  till.centre.always = unreachable;
  const printed = sell(till, "ours-1", "ours-2");
  const before = till.store.read.all<{ body: string }>("SELECT body FROM journal WHERE local_id LIKE 'ours%'");
  await till.settle();
  till.centre.always = always;
  await till.terminal.syncNow();
  await till.clock.advance(60_000);
  expect(till.terminal.status()).toMatchObject({ pending: 0, incarnationOrdinal: 2, lanes: [{ halted: null }] });
  // Shift, a, theirs: theirs came back to where they were. Then the first change of the new life, and ours.
  expect(sales(till).map(({ localId, ordinal, seq }) => [localId, ordinal, seq])).toEqual([
    ...[
      ["a", 1, 2],
      ["theirs-1", 1, 3],
      ["theirs-2", 1, 4],
    ],
    ...[
      ["ours-1", 2, 2],
      ["ours-2", 2, 3],
    ],
  ]);
  const sent = till.centre.stored(life(till)) as readonly WireChange[];
  expect(
    sent.slice(1).map(({ body, origin }) => ({ body, seq: origin?.seq, incarnation: origin?.incarnation })),
  ).toEqual(before.map(({ body }, index) => ({ body, seq: 3 + index, incarnation: old })));
  expect(JSON.parse(sent[0]?.body ?? "")).toMatchObject({
    kind: "terminal.reborn",
    payload: { parent: old, parentSeq: 2, parentHash: till.centre.hashAt(old, 2) },
  });
  // They keep the numbers on their papers, which somebody else's have as well; from now on none is given twice.
  expect(printed).toEqual([`T01-20260116-00002`, `T01-20260116-00003`]);
  expect(till.terminal.order("ours-1")?.receiptNumber).toBe("T01-20260116-00002");
  expect(sell(till, "new")[0]).toMatch(/^T01R...-20260116-00001$/);
});

it("knows again what it lost: reports, open orders, the shift that was closed meanwhile", async () => {
  const till = await openTill();
  sell(till, "a");
  await till.settle();
  await putBack(till, async () => {
    sell(till, "b");
    till.terminal.editOrder({ localId: "table", add: [{ item: "tea", quantity: "1", unitPrice: "30.00" }] });
    till.terminal.closeShift({});
    till.terminal.openShift({ localId: "shift-2", operator: "Wanjiru", businessDate: "2026-01-17" });
    sell(till, "c");
    await till.settle();
  });
  expect(till.terminal.shift()?.localId).toBe("shift-1");
  await till.clock.advance(5_000);
  expect(till.terminal.shift()).toMatchObject({ localId: "shift-2", businessDate: "2026-01-17" });
  expect(till.terminal.openOrders().map(({ localId }) => localId)).toEqual(["table"]);
  expect(till.terminal.shiftReport()?.totals).toMatchObject([{ tender: "cash", amountMinor: 12_000 }]);
  expect(till.terminal.shifts().map(({ localId, closedAt }) => [localId, closedAt !== null])).toEqual([
    ["shift-2", false],
    ["shift-1", true],
  ]);
  expect(till.terminal.receiptGaps(DAY)[0]).toMatchObject({ terminal: "T01", documents: 2 });
  expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 3 });
});

it("finds the last common place among thousands with two questions", async () => {
  const till = await openTill();
  const many = (from: number, count: number) =>
    till.terminal.transaction((tx) => {
      for (let at = from; at < from + count; at++) tx.closeOrder(sale(`o-${at}`));
    });
  many(0, 1_500);
  await till.settle();
  await putBack(till, async () => {
    many(5_000, 10);
    await till.settle();
  });
  // The copy knows of nothing that was ever delivered.
  till.tamper("UPDATE life SET durable_through = 0, durable_hash = zeroblob(32)");
  till.centre.always = unreachable;
  many(6_000, 700);
  till.crash();
  till.centre.always = (_request, honest) => honest();
  const from = till.centre.requests.length;
  till.start();
  await till.clock.advance(60_000);
  const asked = till.centre.requests.slice(from).filter(({ compare }) => compare !== undefined && compare.length > 0);
  expect(asked.length).toBeLessThanOrEqual(2);
  expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 2_210 });
  expect(till.store.read.get("SELECT durable_through AS d FROM life WHERE ordinal = 1")).toEqual({ d: 1_511 });
});

it("that lost database and witness has its last life back, and prints other numbers", async () => {
  const till = await openTill();
  sell(till, "a", "b");
  await till.settle();
  till.crash();
  for (const tail of ["", "-wal", "-shm"]) rmSync(`${till.file}${tail}`, { force: true });
  till.witness.seen = undefined;
  till.start();
  await till.clock.advance(5_000);
  expect(till.terminal.status()).toMatchObject({ pending: 0, syncedOrders: 2, incarnationOrdinal: 2 });
  expect(till.terminal.shift()?.localId).toBe("shift-1");
  expect(sell(till, "c")[0]).toMatch(/^T01R...-20260116-00001$/);
  expect(till.terminal.order("b")?.receiptNumber).toBe("T01-20260116-00002");
});

it("does not make damaged bytes right by hashing them again", async () => {
  const till = await openTill();
  await putBack(till, async () => {
    sell(till, "theirs");
    await till.settle();
  });
  till.centre.always = unreachable;
  sell(till, "ours");
  till.tamper("UPDATE journal SET body = replace(body, '12000', '92000') WHERE local_id = 'ours'");
  till.centre.always = (_request, honest) => honest();
  await till.terminal.syncNow();
  await till.clock.advance(60_000);
  expect(till.centre.stored(life(till)).at(-1)).toMatchObject({ damaged: true });
});
