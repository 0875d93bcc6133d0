import type { ExchangeRequest, FeedEntry } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { markRows, settleAfter } from "../settlement/index.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleEdit } from "../testing/sample-life.ts";
import { SampleShifts } from "../testing/sample-shift.ts";

let world: IngestWorld;
let store: TestStore;
let seller: SampleShifts;
let reader: SampleLife;
let cursor: string | null;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  seller = new SampleShifts(await store.enrol("T01"));
  reader = new SampleLife(await store.enrol("T02"), "fedcba9876543210");
  cursor = null;
  await heard();
});

/** What the reader is told until nothing more waits: the bytes of each place. */
async function heard(): Promise<Record<number, string>> {
  const told: Record<number, string> = {};
  for (let more = true; more; ) {
    const answer = await store.send(reader.request(1, 0, { cursor, feed: "store" }));
    for (const { fromSeq, bodies = [] } of answer.entries)
      for (const [index, body] of bodies.entries()) told[fromSeq + index] = body;
    ({ cursor, more } = answer);
  }
  return told;
}

const bodiesOf = (...seqs: number[]) => Object.fromEntries(seqs.map((seq) => [seq, seller.wires[seq - 1]?.body]));
const tamper = (sql: string, seq: number) =>
  world.admin.query(`${sql.replace(/\b(change_\w+)/, "tillsync.$1")} WHERE terminal = $1 AND seq = $2`, [
    seller.terminal,
    seq,
  ]);
const WAYS = [
  ["bytes that were altered", "UPDATE change_body SET body = body || ' '", [3]],
  ["bytes that are gone", "DELETE FROM change_body", [3]],
  ["a hash that was altered, with what is hashed behind it", "UPDATE change_head SET hash = sha256('x')", [3, 4]],
] as const;
const others = (bad: readonly number[]) => [2, 3, 4, 5, 6].filter((seq) => !bad.includes(seq));

/** The seller's next exchange without anything new, and what it leaves to settle. */
async function sellerAsks(more: Partial<ExchangeRequest> = {}) {
  const request = seller.request(seller.wires.length + 1, seller.wires.length, more);
  const answer = await store.send(request);
  await settleAfter(world.settlement, store.scope, request);
  return answer;
}
const repairOf = (seq: number) => ({
  ...{
    incarnation: seller.incarnation,
    seq,
    body: seller.wires[seq - 1]?.body ?? "",
    prevHash: seller.hashAt(seq - 1),
  },
});

describe.each(WAYS)("%s", (_what, sql, bad) => {
  it("are not told; the rest is, and they are told when settling their shift healed them", async () => {
    seller.open("s-1");
    seller.addSales(5);
    await store.send(seller.request());
    await tamper(sql, 3);
    expect(await heard()).toEqual(bodiesOf(...others(bad)));
    seller.close();
    const closing = seller.request(7);
    await store.send(closing);
    await settleAfter(world.settlement, store.scope, closing);
    const { need } = await sellerAsks();
    if (need.length > 0) await sellerAsks({ repair: need.map(({ seq }) => repairOf(seq)) });
    expect(await heard()).toEqual(bodiesOf(...bad));
    expect(await heard()).toEqual({});
  });

  it("are told when somebody compared both sides and asked for them", async () => {
    seller.open("s-1");
    seller.addSales(5);
    await store.send(seller.request());
    await tamper(sql, 3);
    await heard();
    const life = { terminal: seller.terminal, incarnation: seller.incarnation };
    const stores = { settlements: world.settlement.settlements, sha256: world.context.sha256 };
    const marked = await markRows(stores, store.scope, { life, seqs: [3], nowMs: 0 });
    await sellerAsks({ repair: marked.asked.map(repairOf) });
    expect(await heard()).toEqual(bodiesOf(...bad));
  });

  it("are not told to terminals that share a transaction, nor to one that joins", async () => {
    seller.open("s-1");
    seller.addSales(5);
    await store.send(seller.request());
    await tamper(sql, 3);
    const third = new SampleLife(await store.enrol("T03"), "00000000000000cc");
    await store.send(third.request());
    const requests = [reader, third].map((life) => life.request(1, 0, { cursor, feed: "store" }));
    for (const answer of await store.sendTogether(requests)) {
      expect(answer.status).toBe("fulfilled");
      if (answer.status !== "fulfilled") continue;
      const seqs = answer.value.entries.flatMap(({ fromSeq, bodies = [] }) =>
        bodies.map((_, index) => fromSeq + index),
      );
      expect(seqs).toEqual(others(bad));
    }
    cursor = null;
    expect(await heard()).toEqual(bodiesOf(...others(bad)));
  });
});

it("an open order's bad edit is not given to who joins, and told when it is back", async () => {
  seller.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
  seller.add(
    sampleEdit({ localId: "table-1", version: 2, changeId: "0198c0de-0000-7000-8000-000000000002" }, ["T01.2"]),
  );
  await store.send(seller.request());
  await tamper("UPDATE change_body SET body = body || ' '", 1);
  cursor = null;
  expect(await heard()).toEqual(bodiesOf(2));
  const life = { terminal: seller.terminal, incarnation: seller.incarnation };
  const stores = { settlements: world.settlement.settlements, sha256: world.context.sha256 };
  await markRows(stores, store.scope, { life, seqs: [1], nowMs: 0 });
  await sellerAsks({ repair: [repairOf(1)] });
  expect(await heard()).toEqual(bodiesOf(1));
});

it("what a till sent damaged, and a person gave up, is told once its bytes are there", async () => {
  seller.addSales(1);
  const good = seller.wires[0]?.body ?? "";
  const [wire] = seller.wires.splice(0, 1);
  seller.wires.push({ body: good.replace("bread", "break"), hash: wire?.hash ?? "", damaged: true });
  await store.send(seller.request());
  expect(await heard()).toEqual({});
  await world.admin.query(
    "UPDATE tillsync.change_head SET effect = 'conflict', code = 'DISCARDED' WHERE terminal = $1",
    [seller.terminal],
  );
  await sellerAsks({ repair: [{ incarnation: seller.incarnation, seq: 1, body: good }] });
  expect(await heard()).toEqual({ 1: good });
});

it("telling again says nothing new to the till whose change it is, and is marked in the feed", async () => {
  seller.open("s-1");
  seller.addSales(2);
  await store.send(seller.request());
  await tamper("UPDATE change_body SET body = body || ' '", 3);
  const life = { terminal: seller.terminal, incarnation: seller.incarnation };
  const stores = { settlements: world.settlement.settlements, sha256: world.context.sha256 };
  await markRows(stores, store.scope, { life, seqs: [3], nowMs: 0 });
  await sellerAsks({ repair: [repairOf(3)] });
  const told = async (feed: "own" | "store") => {
    const entries: FeedEntry[] = [];
    let at: string | null = null;
    for (let more = true; more; ) {
      const answer: Awaited<ReturnType<typeof store.send>> = await sellerAsks({ cursor: at, feed });
      entries.push(...answer.entries);
      ({ cursor: at, more } = answer);
    }
    return entries.map(({ fromSeq, toSeq }) => [fromSeq, toSeq]);
  };
  expect(await told("own")).toEqual([[1, 3]]);
  expect(await told("store")).toEqual([[1, 3]]);
  const { rows } = await world.admin.query(
    "SELECT from_seq::int AS seq, effect, again FROM tillsync.feed_entry WHERE terminal = $1 ORDER BY n",
    [seller.terminal],
  );
  expect(rows).toEqual([
    { seq: 1, effect: "applied", again: false },
    { seq: 3, effect: "applied", again: true },
  ]);
});
