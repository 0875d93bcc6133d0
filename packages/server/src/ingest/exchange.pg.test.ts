import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { enroll } from "../directory/enroll.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleChangeId, sampleSale } from "../testing/sample-life.ts";

let world: IngestWorld;
let store: TestStore;
let life: SampleLife;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  life = new SampleLife(await store.enrol("T01"));
});

const APPLIED = { effect: "applied", code: null, repeat: false };

describe("a range that comes again", () => {
  it("gets an equal answer each time, and is stored and applied once", async () => {
    life.addSales(5);
    const answers = [];
    for (let times = 0; times < 4; times++) answers.push(await store.send(life.request()));
    for (const { durableThrough, chainHash, receiptCounter } of answers) {
      expect({ durableThrough, chainHash, receiptCounter }).toEqual({
        durableThrough: 5,
        chainHash: life.hashAt(5),
        receiptCounter: { businessDate: "2026-01-16", sequence: 5 },
      });
    }
    expect(await store.heads(life.terminal)).toHaveLength(5);
    expect(await store.documents()).toHaveLength(5);
    expect(await store.feed()).toMatchObject([{ fromSeq: 1, toSeq: 5, effect: "applied" }]);
  });

  it("is a duplicate in any part of it, however old", async () => {
    life.addSales(9);
    await store.send(life.request(1, 9));
    for (const [from, to] of [
      [1, 1],
      [3, 7],
      [9, 9],
      [4, 9],
    ] as const) {
      expect(await store.send(life.request(from, to))).toMatchObject({ durableThrough: 9, chainHash: life.hashAt(9) });
    }
    expect(await store.heads(life.terminal)).toHaveLength(9);
    expect(await store.feed()).toHaveLength(1);
  });

  it("brings what is new in it when it overlaps the old", async () => {
    life.addSales(8);
    await store.send(life.request(1, 5));
    expect(await store.send(life.request(3, 8))).toMatchObject({ durableThrough: 8, chainHash: life.hashAt(8) });
    expect((await store.heads(life.terminal)).map(({ effect }) => effect)).toEqual(Array(8).fill("applied"));
    expect(await store.feed()).toMatchObject([
      { fromSeq: 1, toSeq: 5 },
      { fromSeq: 6, toSeq: 8 },
    ]);
  });
});

describe("what does not fit", () => {
  it("is answered with the mark when a part in between is missing, and stores nothing", async () => {
    life.addSales(6);
    await store.send(life.request(1, 2));
    await expect(store.send(life.request(4, 6))).rejects.toMatchObject({
      code: "GAP",
      details: { durableThrough: 2, chainHash: life.hashAt(2), expected: "3" },
    });
    expect(await store.heads(life.terminal)).toHaveLength(2);
  });

  it("is refused when bytes changed on the way, wherever, and stores nothing", async () => {
    life.addSales(5);
    for (let broken = 0; broken < 5; broken++) {
      const request = life.request();
      const changes = request.changes.map((wire, index) =>
        index === broken ? { ...wire, body: wire.body.replace("bread", "beard") } : wire,
      );
      const refused = store.send({ ...request, changes });
      await expect(refused).rejects.toMatchObject({ code: "CHAIN_BROKEN", details: { seq: broken + 1 } });
    }
    expect(await store.heads(life.terminal)).toEqual([]);
  });

  it("is kept beside the first version when another change holds its place; nothing of it is applied", async () => {
    life.addSales(3);
    await store.send(life.request());
    const copy = new SampleLife(life.terminal);
    copy.addSales(2);
    copy.add(sampleSale({ localId: "other" }, 777), { private: "{}" });
    copy.addSales(2, "later");
    for (let times = 0; times < 2; times++) {
      const details = { seq: 3, durableThrough: 3, chainHash: life.hashAt(3) };
      await expect(store.send(copy.request())).rejects.toMatchObject({ code: "FORK", details });
    }
    const { rows } = await world.admin.query(
      "SELECT seq, encode(hash, 'hex') AS hash, convert_from(body, 'UTF8') AS body FROM tillsync.fork WHERE terminal = $1 ORDER BY seq",
      [life.terminal],
    );
    // And all that came behind it.
    expect(rows).toEqual([3, 4, 5].map((seq) => ({ seq, hash: copy.hashAt(seq), body: copy.wires[seq - 1]?.body })));
    expect(await store.heads(life.terminal)).toHaveLength(3);
    expect((await store.documents()).map(({ localId }) => localId)).toEqual(["o-1", "o-2", "o-3"]);
    // The life that was there first goes on.
    life.addSales(1);
    expect((await store.send(life.request(4))).durableThrough).toBe(4);
  });

  it("is a fork too when it comes right after the mark and follows another history", async () => {
    life.addSales(3);
    await store.send(life.request(1, 2));
    const copy = new SampleLife(life.terminal);
    copy.addSales(1);
    copy.add(sampleSale({ localId: "other" }, 5));
    copy.addSales(1);
    await expect(store.send(copy.request(3, 3))).rejects.toMatchObject({ code: "FORK", details: { seq: 3 } });
    await expect(store.send(copy.request(3, 2))).rejects.toMatchObject({ code: "FORK", details: { seq: 3 } });
    expect((await store.send(life.request(3))).durableThrough).toBe(3);
  });
});

describe("a changeId that was used before", () => {
  it("is kept at its new place and not applied, in the same batch and in a later one", async () => {
    life.addSales(1);
    const changeId = sampleChangeId("mine");
    const body = sampleSale({ localId: "a", changeId }, 100);
    life.add(body);
    life.add(body);
    await store.send(life.request());
    life.add(sampleSale({ localId: "b", changeId }, 200));
    life.addSales(1);
    const answer = await store.send(life.request(4));
    expect(answer.durableThrough).toBe(5);
    const reused = { effect: "conflict", code: "CHANGE_ID_REUSED", repeat: true };
    expect(await store.heads(life.terminal)).toMatchObject([APPLIED, APPLIED, reused, reused, APPLIED]);
    expect((await store.documents()).map(({ localId }) => localId)).toEqual(["a", "o-1", "o-5"]);
  });

  it("counts once when a later life sends the change again with its origin", async () => {
    const body = sampleSale({ localId: "a", changeId: sampleChangeId("again") }, 100);
    life.add(body);
    await store.send(life.request());
    const reborn = new SampleLife(life.terminal, "fedcba9876543210");
    reborn.add(body, { origin: { incarnation: life.incarnation, seq: 1, hash: life.hashAt(1) } });
    reborn.addSales(1);
    await store.send(reborn.request());
    expect(await store.heads(life.terminal, reborn.incarnation)).toMatchObject([
      { effect: "conflict", code: "CHANGE_ID_REUSED", repeat: true },
      APPLIED,
    ]);
    expect(await store.documents()).toHaveLength(2);
  });
});

describe("the receipt counter", () => {
  it("tells the highest sequence of the latest day, and learns nothing from numbers that are no day's", async () => {
    const receipts = ["T01-20260116-00007", "T01-20260117-00002", "T01-20260116-00009", "T01-00000101-00001", "X"];
    const counters = [];
    for (const [index, receiptNumber] of receipts.entries()) {
      const seq = life.add(sampleSale({ localId: `o-${index}` }, 100, { receiptNumber }));
      counters.push((await store.send(life.request(seq))).receiptCounter);
    }
    const last = { businessDate: "2026-01-17", sequence: 2 };
    expect(counters).toEqual([{ businessDate: "2026-01-16", sequence: 7 }, last, last, last, last]);
    expect((await store.heads(life.terminal)).every(({ effect }) => effect === "applied")).toBe(true);
  });

  it("is not stopped by a first receipt in the year 0000", async () => {
    life.add(sampleSale({ localId: "a" }, 100, { receiptNumber: "T01-00000101-00001" }));
    expect(await store.send(life.request())).toMatchObject({ durableThrough: 1, receiptCounter: null });
  });
});

describe("the feed behind a cursor", () => {
  it("tells each of the till's own changes once, and only to that till", async () => {
    const other = new SampleLife(await store.enrol("T02"));
    other.addSales(1, "p");
    await store.send(other.request());
    life.addSales(2);
    const first = await store.send(life.request());
    expect(first.entries).toEqual([]);
    const second = await store.send(life.request(3, 2, { cursor: first.cursor }));
    expect(second.entries).toMatchObject([{ terminal: life.terminal, fromSeq: 1, toSeq: 2, effect: "applied" }]);
    const third = await store.send(life.request(3, 2, { cursor: second.cursor }));
    expect(third).toMatchObject({ entries: [], cursor: second.cursor, more: false });
  });

  it("is reset, storing nothing, when the cursor is of another epoch, store, number or history", async () => {
    life.addSales(2);
    await store.send(life.request(1, 1));
    const { cursor } = await store.send(life.request(2, 1));
    const [epoch = "", storeId, n, chain = ""] = cursor.split(".");
    const elsewhere = await world.newStore();
    const flipped = chain.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    for (const strange of [
      `${epoch.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))}.${storeId}.${n}.${chain}`,
      `${epoch}.${elsewhere.scope.storeId}.${n}.${chain}`,
      `${epoch}.${storeId}.${Number(n) + 1}.${chain}`,
      `${epoch}.${storeId}.${n}.${flipped}`,
      `${epoch}.${storeId}.${n}.`,
      "garbage",
      "",
    ]) {
      await expect(store.send(life.request(2, 2, { cursor: strange }))).rejects.toMatchObject({ code: "FEED_RESET" });
    }
    expect(await store.heads(life.terminal)).toHaveLength(1);
    expect((await store.send(life.request(2, 2, { cursor }))).durableThrough).toBe(2);
  });
});

describe("a store", () => {
  it("is closed to terminals of another one, even under their own names", async () => {
    const elsewhere = await world.newStore();
    life.addSales(1);
    await expect(elsewhere.send(life.request())).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await elsewhere.heads(life.terminal)).toEqual([]);
    expect(await elsewhere.feed()).toEqual([]);
  });

  it("keeps the same terminal, localId and changeId of two stores apart", async () => {
    const elsewhere = await world.newStore();
    const id = life.terminal;
    const { rows } = await world.admin.query<{ org: string; code: string; currency: string }>(
      `SELECT o.code AS org, s.code, s.currency FROM tillsync.store s JOIN tillsync.organization o USING (org_id)
       WHERE s.store_id = $1`,
      [elsewhere.scope.storeId],
    );
    const { org = "", code = "", currency = "" } = rows[0] ?? {};
    const wanted = {
      org,
      store: code,
      currency,
      role: "terminal",
      name: "T01",
      terminal: { id, shortId: "T01" },
    } as const;
    await enroll(world.database.pool, wanted, 0);
    life.addSales(3);
    for (const each of [store, elsewhere]) {
      expect((await each.send(life.request())).durableThrough).toBe(3);
      expect(await each.heads(id)).toMatchObject([APPLIED, APPLIED, APPLIED]);
      expect(await each.documents()).toHaveLength(3);
    }
  });
});
