import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openPool } from "../db/pool.ts";
import { inScope } from "../db/scope.ts";
import { exchange } from "../ingest/exchange.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleSale } from "../testing/sample-life.ts";
import { findTasks } from "./find-tasks.ts";
import { RECEIPTS_TOLD } from "./parted-statements.ts";
import { listTasks, resolveTask } from "./tasks.ts";

const SECOND_LIFE = "fedcba9876543210";
const RECEIPT = "T01-20260116-00003";

let world: IngestWorld;
let pool: ReturnType<typeof openPool>;
let store: TestStore;
let old: SampleLife;
let nowMs: number;
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
  nowMs = Date.UTC(2026, 0, 16, 10);
  old = new SampleLife(await store.enrol("T01"));
  old.addSales(3);
  await send(old, 1);
});

/** Each request comes a second after the one before. */
async function send(life: SampleLife, from: number): Promise<void> {
  nowMs += 1000;
  const context = { ...world.context, nowMs: () => nowMs };
  await exchange(context, store.scope, life.request(from));
}

/** The life of a copy that was made behind the second change, with the sale that it made before it asked. */
function copyOf(life: SampleLife): SampleLife {
  const copy = new SampleLife(life.terminal, SECOND_LIFE);
  const payload = { parent: life.incarnation, parentSeq: 2, parentHash: life.hashAt(2), reason: "it was copied" };
  copy.add(sampleBody("terminal.reborn", { localId: SECOND_LIFE }, payload));
  const origin = { incarnation: life.incarnation, seq: 3, hash: "a".repeat(64) };
  copy.add(sampleSale({ localId: "copy-3" }, 250, { receiptNumber: RECEIPT }), { origin });
  return copy;
}

async function tasks(kind: string) {
  await findTasks(pool, store.scope, nowMs);
  return (await listTasks(pool, store.scope, "open")).filter((task) => task.kind === kind);
}

it("a new life of a terminal: where both parted, which was kept and which began; open again once the other copy goes on", async () => {
  expect(await tasks("till-parted")).toEqual([]);
  await send(copyOf(old), 1);
  const evidence = {
    ...{ terminal: old.terminal, shortId: "T01", reason: "it was copied" },
    parted: { seq: 2, hash: old.hashAt(2) },
    kept: { incarnation: old.incarnation, ordinal: 1, goesOn: false },
    began: { incarnation: SECOND_LIFE, ordinal: 2, at: "2026-01-16T10:00:02.000Z" },
  };
  expect(await tasks("till-parted")).toMatchObject([{ subject: SECOND_LIFE, evidence }]);
  const settled = {
    kind: "till-parted",
    subject: SECOND_LIFE,
    actor: "Wanjiru",
    reason: "an old image",
    nowMs,
  } as const;
  await resolveTask(pool, store.scope, settled);
  expect(await tasks("till-parted")).toEqual([]);
  old.addSales(1);
  await send(old, 4);
  const [again] = await tasks("till-parted");
  expect(again).toMatchObject({ evidence: { ...evidence, kept: { ...evidence.kept, goesOn: true } } });
  // More of the same is nothing new.
  await resolveTask(pool, store.scope, settled);
  old.addSales(1);
  await send(old, 5);
  expect(await tasks("till-parted")).toEqual([]);
});

it("a machine that head office replaced is no case for people, and a life that begins after it is one again", async () => {
  await world.admin.query(
    "INSERT INTO tillsync.directory_act (org_id, store_id, at, act, terminal, actor) VALUES ($1, $2, $3, 'replaced', $4, 'Wanjiru')",
    [store.scope.orgId, store.scope.storeId, new Date(nowMs), old.terminal],
  );
  const second = copyOf(old);
  await send(second, 1);
  expect(await tasks("till-parted")).toEqual([]);
  const third = new SampleLife(old.terminal, "0011223344556677");
  const payload = { parent: SECOND_LIFE, parentSeq: 1, parentHash: second.hashAt(1), reason: "it was put back" };
  third.add(sampleBody("terminal.reborn", { localId: third.incarnation }, payload));
  await send(third, 1);
  expect(await tasks("till-parted")).toMatchObject([{ subject: third.incarnation }]);
});

it("one receipt number on two sales: both stand, and both are named", async () => {
  await send(copyOf(old), 1);
  const [task, ...rest] = await tasks("receipt-twice");
  expect(rest).toEqual([]);
  expect(task).toMatchObject({
    subject: RECEIPT,
    evidence: {
      receipts: [
        { localId: "copy-3", incarnation: SECOND_LIFE, seq: 2, ordinal: 2, totalMinor: 250 },
        { localId: "o-3", incarnation: old.incarnation, seq: 3, ordinal: 1, totalMinor: 103 },
      ],
    },
  });
});

interface PlanNode {
  readonly "Relation Name"?: string;
  readonly "Actual Loops": number;
  readonly Plans?: readonly PlanNode[];
}

// Without statistics this search once began with all documents: a store with 24,000 fresh sales was never searched.
it("a store whose tills have one life each: not one of its sales is looked at", async () => {
  const explained = await inScope(pool, store.scope, (client) =>
    client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${RECEIPTS_TOLD}`, [
      ...[store.scope.orgId, store.scope.storeId, 0, 500],
    ]),
  );
  const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
  const nodes = nodesOf((explained.rows[0] as { "QUERY PLAN": [{ Plan: PlanNode }] })["QUERY PLAN"][0].Plan);
  const ofSales = nodes.filter((node) => ["document", "change_head"].includes(node["Relation Name"] ?? ""));
  expect(ofSales.map((node) => node["Actual Loops"])).toEqual([0, 0]);
});
