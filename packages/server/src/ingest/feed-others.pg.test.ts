import { type ExchangeResponse, type FeedEntry, type FeedScope, isToldWhole } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { sha256 } from "../ledger/sha256.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";

let world: IngestWorld;
let store: TestStore;
let seller: SampleLife;
let reader: SampleLife;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  seller = new SampleLife(await store.enrol("T01"));
  reader = new SampleLife(await store.enrol("T02"), "fedcba9876543210");
});

function ask(cursor: string | null, feed?: FeedScope): Promise<ExchangeResponse> {
  return store.send(reader.request(1, 0, { cursor, ...(feed === undefined ? {} : { feed }) }));
}

/** Asks until nothing more waits. */
async function follow(from: string | null, feed: FeedScope) {
  const entries: FeedEntry[] = [];
  let cursor = from;
  for (let asked = 1; ; asked++) {
    const answer = await ask(cursor, feed);
    entries.push(...answer.entries);
    cursor = answer.cursor;
    if (!answer.more) return { entries, cursor, asked, last: answer };
  }
}

function told(entries: readonly FeedEntry[]): string[] {
  return entries.flatMap(({ bodies = [] }) => bodies.map((body) => (JSON.parse(body) as { localId: string }).localId));
}

it("tells another terminal what a till sold, byte for byte, once", async () => {
  const { cursor } = await follow(null, "store");
  seller.addSales(3);
  await store.send(seller.request());
  const first = await follow(cursor, "store");
  expect(first.entries).toEqual([
    {
      n: 1,
      terminal: seller.terminal,
      incarnation: seller.incarnation,
      fromSeq: 1,
      toSeq: 3,
      effect: "applied",
      bodies: seller.wires.map(({ body }) => body),
      check: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  ]);
  expect(first.entries.every((entry) => isToldWhole(sha256, entry))).toBe(true);
  expect(first.last.joining).toBeUndefined();
  expect((await follow(first.cursor, "store")).entries).toEqual([]);
});

it("tells a terminal of an older release what became of its own, and nothing else", async () => {
  seller.addSales(2);
  reader.addSales(1, "own");
  await store.send(seller.request());
  await store.send(reader.request());
  const answer = await store.send(reader.request(2, 1));
  expect(answer.entries).toMatchObject([{ terminal: reader.terminal, fromSeq: 1, toSeq: 1 }]);
  expect(answer.entries[0]).not.toHaveProperty("bodies");
});

it("never tells private parts, stock or shifts", async () => {
  const stock = (localId: string) =>
    sampleBody("inventory.updated", { localId }, { item: "tea", delta: "1", type: "receive" });
  seller.add(stock("s-1"));
  seller.addSales(1);
  seller.add(stock("s-2"));
  seller.add(stock("s-3"));
  seller.addSales(2);
  await store.send(seller.request());
  const { entries } = await follow(null, "store");
  expect(entries.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
    [2, 2],
    [5, 6],
  ]);
});

it("follows open orders only, for a terminal that wants no more", async () => {
  const { cursor } = await follow(null, "open");
  seller.addSales(2);
  seller.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
  seller.add(sampleSale({ localId: "table-1", version: 2 }, 200));
  await store.send(seller.request());
  const { entries } = await follow(cursor, "open");
  expect(told(entries)).toEqual(["table-1", "table-1"]);
});

it("says nothing and stays where it is when asked for nothing", async () => {
  const { cursor } = await follow(null, "store");
  seller.addSales(2);
  await store.send(seller.request());
  expect(await ask(cursor, "none")).toMatchObject({ entries: [], cursor, more: false });
  expect(told((await follow(cursor, "store")).entries)).toHaveLength(2);
});

it("cuts a long run into answers of bounded size, and loses nothing between them", async () => {
  const { cursor } = await follow(null, "store");
  seller.addSales(900);
  await store.send(seller.request());
  const { entries, asked, cursor: end } = await follow(cursor, "store");
  expect(asked).toBeGreaterThan(1);
  expect(Math.max(...entries.map(({ bodies = [] }) => bodies.length))).toBeLessThanOrEqual(500);
  expect(told(entries)).toEqual(seller.wires.map((_, index) => `o-${index + 1}`));
  expect(end).not.toContain("+");
});

it("cuts by bytes as well, and a change larger than all of them still comes", async () => {
  const { cursor } = await follow(null, "store");
  for (const index of [1, 2, 3]) {
    const reason = "x".repeat(200);
    const lines = Array.from({ length: 3000 }, (_, line) => ({
      ...{ id: String(line), item: "tea", quantity: "1", unitPrice: "0.00", amountMinor: 0, description: reason },
    }));
    const more = { lines, tenders: [], receiptNumber: `T01-20260116-0000${index}` };
    seller.add(sampleSale({ localId: `big-${index}`, changeId: sampleChangeId(`big ${index}`) }, 0, more));
  }
  await store.send(seller.request());
  const { entries, asked } = await follow(cursor, "store");
  expect(told(entries)).toEqual(["big-1", "big-2", "big-3"]);
  expect(asked).toBe(3);
});

it("tells what lost to another version, with its effect: everybody keeps the late edit", async () => {
  const { cursor } = await follow(null, "store");
  const other = new SampleLife(await store.enrol("T03"), "00000000000000aa");
  seller.add(sampleEdit({ localId: "table-1" }, ["T01.1"]));
  seller.add(sampleBody("order.deleted", { localId: "table-1", version: 2 }, { reason: "mistake" }));
  await store.send(seller.request());
  other.add(sampleEdit({ localId: "table-1", changeId: sampleChangeId("late") }, ["T03.1"]));
  await store.send(other.request());
  const { entries } = await follow(cursor, "store");
  expect(entries.map(({ effect, terminal }) => [effect, terminal])).toEqual([
    ["applied", seller.terminal],
    ["conflict", other.terminal],
  ]);
});

it("gives a terminal without a cursor the past, then the feed: open orders of any age, what it has sent itself", async () => {
  const { orgId, storeId } = store.scope;
  seller.add(sampleEdit({ localId: "table-old" }, ["T01.1"]));
  seller.addSales(2, "old");
  await store.send(seller.request());
  const past = "UPDATE tillsync.feed_entry SET at_ms = 1 WHERE org_id = $1 AND store_id = $2";
  await world.admin.query(past, [orgId, storeId]);
  reader.addSales(1, "own");
  await store.send(reader.request());
  seller.addSales(2, "new");
  await store.send(seller.request(4));
  let cursor: string | null = null;
  const seen: FeedEntry[] = [];
  for (let more = true; more; ) {
    const answer: ExchangeResponse = await store.send(reader.request(2, 1, { cursor, feed: "store" }));
    expect(answer.joining).toBe(answer.more ? true : undefined);
    seen.push(...answer.entries);
    ({ cursor, more } = answer);
  }
  expect(told(seen)).toEqual(["table-old", "new-4", "new-5"]);
  expect(seen.filter(({ terminal }) => terminal === reader.terminal)).toMatchObject([{ fromSeq: 1, toSeq: 1 }]);
});

it("gives what an earlier life of the terminal sent: its disk was lost", async () => {
  reader.addSales(2, "before");
  await store.send(reader.request());
  const reborn = new SampleLife(reader.terminal, "00000000000000bb");
  const seen: FeedEntry[] = [];
  let cursor: string | null = null;
  for (let more = true; more; ) {
    const answer: ExchangeResponse = await store.send(reborn.request(1, 0, { cursor, feed: "store" }));
    seen.push(...answer.entries);
    ({ cursor, more } = answer);
  }
  expect(told(seen)).toEqual(["before-1", "before-2"]);
});

it("tells terminals that share a transaction as it tells each alone", async () => {
  const third = new SampleLife(await store.enrol("T03"), "00000000000000cc");
  const { cursor } = await follow(null, "store");
  await store.send(third.request());
  seller.addSales(3);
  await store.send(seller.request());
  reader.addSales(1, "r");
  const requests = [reader, third].map((life) => life.request(1, life.wires.length, { cursor, feed: "store" }));
  const answers = await store.sendTogether(requests);
  for (const answer of answers) {
    expect(answer.status).toBe("fulfilled");
    if (answer.status === "fulfilled") expect(told(answer.value.entries)).toEqual(["o-1", "o-2", "o-3"]);
  }
});
