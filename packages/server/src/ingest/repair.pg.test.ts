import { privateHash } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../ledger/sha256.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";

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

const GOOD = sampleSale({ localId: "a", changeId: sampleChangeId("a") }, 1250);
const BAD = GOOD.replace("1250", "9250");
const repairOf = (seq: number, body: string, incarnation = life.incarnation) => [{ incarnation, seq, body }];
const idle = (more: object) => store.send(life.request(life.wires.length + 1, life.wires.length, more));

async function bodyAt(seq: number): Promise<string | undefined> {
  const { rows } = await world.admin.query<{ body: Buffer }>(
    "SELECT body FROM tillsync.change_body WHERE terminal = $1 AND seq = $2",
    [life.terminal, seq],
  );
  return rows[0]?.body.toString("utf8");
}

describe("a change whose till no longer has its bytes", () => {
  it("is stored as it came, asked for, and holds up nothing but its own entity", async () => {
    life.addSales(1);
    life.add(BAD, { damaged: true, intactBody: GOOD });
    life.add(sampleEdit({ localId: "a", changeId: sampleChangeId("behind") }, ["T01.1"]));
    life.addSales(1);
    const answer = await store.send(life.request());
    expect(answer).toMatchObject({ durableThrough: 4, need: [{ incarnation: life.incarnation, seq: 2 }] });
    expect((await store.heads(life.terminal)).map(({ effect, code }) => [effect, code])).toEqual([
      ["applied", null],
      ["parked", "BODY_DAMAGED"],
      ["waiting", "WAITING_FOR_EARLIER"],
      ["applied", null],
    ]);
    expect(await bodyAt(2)).toBe(BAD);
  });

  it("is repaired by bytes that give its hash, and by no others; then it and what waited get their effect", async () => {
    life.add(BAD, { damaged: true, intactBody: GOOD });
    life.add(sampleEdit({ localId: "a", changeId: sampleChangeId("behind") }, ["T01.1"]));
    await store.send(life.request());
    for (const repair of [
      repairOf(1, BAD),
      repairOf(1, `${GOOD} `),
      repairOf(2, GOOD),
      repairOf(7, GOOD),
      repairOf(1, GOOD, "ffffffffffffffff"),
    ]) {
      expect(await idle({ repair })).toMatchObject({ need: [{ seq: 1 }] });
    }
    expect(await bodyAt(1)).toBe(BAD);

    await idle({ repair: repairOf(1, GOOD) });
    expect((await idle({})).need).toEqual([]);
    expect(await bodyAt(1)).toBe(GOOD);
    expect(await store.heads(life.terminal)).toEqual([
      { seq: 1, effect: "applied", code: null, repeat: false },
      { seq: 2, effect: "conflict", code: "ALREADY_CLOSED", repeat: false },
    ]);
    expect(await store.documents()).toMatchObject([{ localId: "a", totalMinor: 1250, state: "closed" }]);
    expect((await store.feed()).map(({ fromSeq, effect }) => [fromSeq, effect])).toEqual([
      [1, "parked"],
      [2, "waiting"],
      [1, "applied"],
      [2, "conflict"],
    ]);
  });

  it("is repaired although not even its name could be read, together with new changes", async () => {
    life.add("\u0000gone", { damaged: true, intactBody: GOOD });
    await store.send(life.request());
    life.addSales(2);
    const answer = await store.send(life.request(2, 3, { repair: repairOf(1, GOOD) }));
    expect(answer).toMatchObject({ durableThrough: 3 });
    expect((await store.heads(life.terminal)).map(({ effect }) => effect)).toEqual(["applied", "applied", "applied"]);
    expect(await store.documents()).toHaveLength(3);
  });

  it("keeps its private part through the repair", async () => {
    const secret = '{"fields":{"name":"Wanjiku"},"salt":"00"}';
    const body = sampleSale({ localId: "a", private: privateHash(sha256, secret) }, 100);
    life.add("lost", { damaged: true, intactBody: body, private: secret });
    await store.send(life.request());
    await idle({ repair: repairOf(1, body) });
    expect(await store.heads(life.terminal)).toMatchObject([{ effect: "applied", code: null }]);
  });

  it("is not applied by its repair when the same change came under another place meanwhile", async () => {
    const opened = sampleEdit({ localId: "table", changeId: sampleChangeId("open") }, ["T01.1"]);
    life.add("lost", { damaged: true, intactBody: opened });
    life.add(opened);
    await store.send(life.request());
    await idle({ repair: repairOf(1, opened) });
    expect(await store.heads(life.terminal)).toEqual([
      { seq: 1, effect: "conflict", code: "CHANGE_ID_REUSED", repeat: true },
      { seq: 2, effect: "applied", code: null, repeat: false },
    ]);
    expect(await store.documents()).toMatchObject([{ localId: "table", seq: 2 }]);
  });

  it("is still parked when its true bytes are no good either", async () => {
    life.add("lost", { damaged: true, intactBody: "never JSON" });
    await store.send(life.request());
    await idle({ repair: repairOf(1, "never JSON") });
    expect(await store.heads(life.terminal)).toMatchObject([{ effect: "parked", code: "BODY_NOT_CANONICAL" }]);
    expect((await idle({})).need).toEqual([]);
  });
});
