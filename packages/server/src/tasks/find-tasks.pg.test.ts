import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { findTasks, TaskSweep } from "./find-tasks.ts";
import { listTasks, resolveTask } from "./tasks.ts";

const NOW_MS = Date.UTC(2026, 0, 16, 12);

let world: IngestWorld;
let pool: ReturnType<typeof openPool>;
let store: TestStore;
let one: SampleLife;
let other: SampleLife;
beforeAll(async () => {
  world = await ingestWorld();
  pool = openPool(world.database.url, { max: 2 });
});
afterAll(async () => {
  await pool.end();
  await world.close();
});
beforeEach(async () => {
  store = await world.newStore();
  one = new SampleLife(await store.enrol("T01"));
  other = new SampleLife(await store.enrol("T02"), "fedcba9876543210");
});

function paid(localId: string, receiptNumber: string, totalMinor = 200): string {
  return sampleSale({ localId, version: 2, changeId: sampleChangeId(receiptNumber) }, totalMinor, { receiptNumber });
}

function back(localId: string, totalMinor: number, original: object): string {
  const more = { documentType: "return", receiptNumber: `T02-20260116-9${localId.slice(-4)}`, original };
  return sampleSale({ localId, changeId: sampleChangeId(localId) }, -totalMinor, more);
}

async function tasks() {
  await findTasks(pool, store.scope, NOW_MS);
  return listTasks(pool, store.scope, "open");
}

it("one order paid on two tills: the sale counts once, both receipts are named", async () => {
  one.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
  one.add(paid("table-1", "T01-20260116-00001"));
  await store.send(one.request());
  other.add(paid("table-1", "T02-20260116-00001", 300));
  await store.send(other.request());
  expect(await store.documents()).toMatchObject([{ localId: "table-1", totalMinor: 200, terminal: one.terminal }]);
  const [task, ...rest] = await tasks();
  expect(rest).toEqual([]);
  expect(task).toMatchObject({
    kind: "paid-twice",
    subject: "table-1",
    evidence: {
      receipts: [
        { terminal: one.terminal, receiptNumber: "T01-20260116-00001", totalMinor: 200 },
        { terminal: other.terminal, receiptNumber: "T02-20260116-00001", totalMinor: 300 },
      ],
    },
  });
});

it("one order paid on a till and on its copy, which gave the same number: both are named", async () => {
  const receiptNumber = "T01-20260116-00001";
  const payment = (changeId: string, totalMinor: number) =>
    sampleSale({ localId: "table-1", version: 2, changeId: sampleChangeId(changeId) }, totalMinor, { receiptNumber });
  const copy = new SampleLife(one.terminal, "fedcba9876543210");
  one.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
  one.add(payment("on the till", 200));
  await store.send(one.request());
  copy.add(payment("on its copy", 300));
  await store.send(copy.request());
  expect(await tasks()).toMatchObject([
    { kind: "paid-twice", evidence: { receipts: [{ totalMinor: 200 }, { totalMinor: 300 }] } },
  ]);
});

it("money taken for an order that was voided elsewhere", async () => {
  one.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
  one.add(sampleBody("order.voided", { localId: "table-1", version: 2 }, { reason: "left" }));
  await store.send(one.request());
  other.add(paid("table-1", "T02-20260116-00001"));
  await store.send(other.request());
  expect(await tasks()).toMatchObject([{ kind: "paid-after-end", evidence: { state: "voided" } }]);
});

it("refunds above what was paid, of tills that did not hear of each other, whichever comes first", async () => {
  other.add(back("back-0001", 150, { receiptNumber: "T01-20260116-00007" }));
  await store.send(other.request());
  expect(await tasks()).toEqual([]);
  one.add(sampleSale({ localId: "sale-7" }, 200, { receiptNumber: "T01-20260116-00007" }));
  await store.send(one.request());
  expect(await tasks()).toEqual([]);
  one.add(back("back-0002", 100, { localId: "sale-7" }));
  await store.send(one.request(2));
  expect(await tasks()).toMatchObject([
    {
      kind: "refund-exceeds",
      subject: "sale-7",
      evidence: { totalMinor: 200, refundedMinor: 250, refunds: [{ localId: "back-0001" }, { localId: "back-0002" }] },
    },
  ]);
});

it("is found once, stays settled, and is open again when there is more to it", async () => {
  one.add(sampleSale({ localId: "sale-1" }, 100, { receiptNumber: "T01-20260116-00001" }));
  one.add(back("back-0001", 200, { localId: "sale-1" }));
  await store.send(one.request());
  const sweep = new TaskSweep(pool, () => NOW_MS);
  await sweep.round();
  await new TaskSweep(pool, () => NOW_MS).round();
  expect(await tasks()).toHaveLength(1);
  const done = { kind: "refund-exceeds", subject: "sale-1", actor: "Wanjiru", reason: "agreed" } as const;
  expect(await resolveTask(pool, store.scope, { ...done, nowMs: NOW_MS })).toMatchObject({ state: "resolved" });
  expect(await tasks()).toEqual([]);
  one.add(back("back-0002", 10, { localId: "sale-1" }));
  await store.send(one.request(3));
  await sweep.round();
  expect(await listTasks(pool, store.scope, "open")).toMatchObject([{ subject: "sale-1", resolvedBy: null }]);
});
