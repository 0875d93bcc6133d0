import { countOf } from "@tillsync/protocol/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import { exchange } from "./exchange.ts";
import type { ExchangeContext } from "./prepare.ts";
import { sweepAll } from "./sweep-all.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? 20_260_116);
const STREAMS = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 8, full: 25 });

let world: IngestWorld;
let store: TestStore;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
});

const newLife = async (shortId: string) => new SampleLife(await store.enrol(shortId));
const effects = async ({ terminal }: SampleLife) => (await store.heads(terminal)).map(({ effect }) => effect);
const codes = async ({ terminal }: SampleLife) => (await store.heads(terminal)).map(({ code }) => code ?? "-");

/** A sale that PostgreSQL cannot apply. */
function poison(life: SampleLife, localId: string): number {
  const changeId = sampleChangeId(`${life.terminal} poison ${life.wires.length}`);
  return life.add(sampleSale({ localId, changeId }, 100, { reference: "\u0000" }));
}

function edit(life: SampleLife, localId: string, event = `T01.${life.wires.length + 1}`): number {
  const changeId = sampleChangeId(`${life.terminal} edit ${life.wires.length}`);
  return life.add(sampleEdit({ localId, changeId }, [event]));
}

function close(life: SampleLife, localId: string, totalMinor: number): number {
  const changeId = sampleChangeId(`${life.terminal} close ${life.wires.length}`);
  return life.add(sampleSale({ localId, changeId }, totalMinor));
}

/** A server that dies right after the `survives`-th transaction of an exchange. */
function dyingAfter(survives: number): ExchangeContext {
  let begun = 0;
  const { store: real } = world.context;
  const transaction: typeof real.transaction = (scope, fn) =>
    ++begun > survives ? Promise.reject(new Error("the server was killed")) : real.transaction(scope, fn);
  return { ...world.context, store: { serverEpoch: real.serverEpoch, transaction } };
}

describe("a server that dies between storing and interpreting one by one", () => {
  it("leaves the batch pending and safe; the next exchange interprets it before anything new", async () => {
    const life = await newLife("T01");
    life.addSales(2);
    poison(life, "bad");
    life.addSales(2);
    await expect(exchange(dyingAfter(1), store.scope, life.request())).rejects.toThrow("killed");
    expect(await effects(life)).toEqual(Array(5).fill("pending"));
    expect(await store.documents()).toEqual([]);
    expect(await store.feed()).toEqual([]);

    life.addSales(1);
    expect((await store.send(life.request(1))).durableThrough).toBe(6);
    expect(await effects(life)).toEqual(["applied", "applied", "parked", "applied", "applied", "applied"]);
    expect(await store.documents()).toHaveLength(5);
    const told = (await store.feed()).map(({ fromSeq, toSeq, effect }) => [fromSeq, toSeq, effect]);
    expect(told).toEqual([
      [1, 2, "applied"],
      [3, 3, "parked"],
      [4, 5, "applied"],
      [6, 6, "applied"],
    ]);
  });

  it("is made good by any other server's sweep when the till does not come back", async () => {
    const lives = [await newLife("T01"), await newLife("T02")];
    for (const [index, life] of lives.entries()) {
      life.addSales(2, `t${index}`);
      poison(life, `bad-${index}`);
      await expect(exchange(dyingAfter(1), store.scope, life.request())).rejects.toThrow("killed");
    }
    await Promise.all([sweepAll(world.database.pool, world.context), sweepAll(world.database.pool, world.context)]);
    for (const life of lives) expect(await effects(life)).toEqual(["applied", "applied", "parked"]);
    expect(await store.documents()).toHaveLength(4);
    expect((await store.feed()).map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  });
});

describe("sweepAll", () => {
  it("goes on with the other terminals when one of them cannot be swept, and tells so", async () => {
    const stores = [store, await world.newStore(), await world.newStore()];
    const lives: SampleLife[] = [];
    for (const each of stores) {
      const life = new SampleLife(await each.enrol("T01"));
      poison(life, "bad");
      await expect(exchange(dyingAfter(1), each.scope, life.request())).rejects.toThrow("killed");
      lives.push(life);
    }
    const { store: real } = world.context;
    const transaction: typeof real.transaction = (scope, fn) =>
      scope.storeId === stores[1]?.scope.storeId ? Promise.reject(new Error("no")) : real.transaction(scope, fn);
    const context = { ...world.context, store: { serverEpoch: real.serverEpoch, transaction } };
    await expect(sweepAll(world.database.pool, context)).rejects.toThrow("no");
    const left = await Promise.all(
      lives.map(async (life, at) => (await stores[at]?.heads(life.terminal))?.[0]?.effect),
    );
    expect(left).toEqual(["parked", "pending", "parked"]);
    expect(await sweepAll(world.database.pool, world.context)).toBe(1);
  });
});

describe("an entity that two terminals change", () => {
  it("is closed by the first; the second is a conflict, and both are kept", async () => {
    const [one, other] = [await newLife("T01"), await newLife("T02")];
    edit(one, "table-4");
    await store.send(one.request());
    close(one, "table-4", 1000);
    close(other, "table-4", 1200);
    other.addSales(1);
    await Promise.all([store.send(one.request(2)), store.send(other.request())]);
    const [document] = (await store.documents()).filter(({ localId }) => localId === "table-4");
    const [winner, loser] = document?.totalMinor === 1000 ? [one, other] : [other, one];
    expect(document).toMatchObject({ state: "closed", terminal: winner.terminal });
    expect(await effects(winner)).not.toContain("conflict");
    const lost = (await store.heads(loser.terminal)).filter(({ effect }) => effect === "conflict");
    expect(lost).toMatchObject([{ code: "ALREADY_CLOSED" }]);
    expect((await store.documents()).map(({ localId }) => localId)).toContain("o-2");
  });

  it("does not leave both waiting for each other when a batch of one was stored and not yet interpreted", async () => {
    const [one, other] = [await newLife("T01"), await newLife("T02")];
    close(one, "table-4", 1000);
    poison(one, "bad");
    await expect(exchange(dyingAfter(1), store.scope, one.request())).rejects.toThrow("killed");
    close(other, "table-4", 1200);
    await store.send(other.request());
    await store.send(one.request(3));
    expect([...(await effects(one)), ...(await effects(other))].sort()).toEqual(["applied", "conflict", "parked"]);
  });

  it("does not leave both waiting when batches of both were stored and not yet interpreted", async () => {
    const lives = [await newLife("T01"), await newLife("T02")];
    for (const [index, life] of lives.entries()) {
      edit(life, "table-4", `T0${index + 1}.1`);
      poison(life, `bad-${index}`);
      await expect(exchange(dyingAfter(1), store.scope, life.request())).rejects.toThrow("killed");
    }
    for (const life of lives) await store.send(life.request(3));
    for (const life of lives) expect(await effects(life)).toEqual(["applied", "parked"]);
  });

  it("waits for a parked change whoever sent it", async () => {
    const [one, other] = [await newLife("T01"), await newLife("T02")];
    poison(one, "table-4");
    await store.send(one.request());
    edit(other, "table-4");
    poison(other, "bad"); // the one-by-one way, too
    edit(other, "table-4");
    await store.send(other.request());
    expect(await effects(other)).toEqual(["waiting", "parked", "waiting"]);
  });
});

describe("what comes of a stream", () => {
  it("is the same whatever batches it came in", async () => {
    for (let stream = 0; stream < STREAMS; stream++) {
      const seed = SEED + stream;
      const outcomes = [];
      for (const size of [1000, 1, 3]) {
        store = await world.newStore();
        const life = await newLife("T01");
        addStory(life, seededRandom(seed));
        for (let from = 1; from <= life.wires.length; from += size)
          await store.send(life.request(from, from + size - 1));
        const documents = (await store.documents()).map(({ terminal: _terminal, ...row }) => row);
        outcomes.push({ effects: await effects(life), codes: await codes(life), documents });
      }
      expect(outcomes[1], `seed ${seed}`).toEqual(outcomes[0]);
      expect(outcomes[2], `seed ${seed}`).toEqual(outcomes[0]);
    }
  });
});

/** A few entities and everything that may happen to them, also what no till of ours does. */
function addStory(life: SampleLife, random: SeededRandom): void {
  for (let step = 0; step < 30; step++) {
    const localId = `e-${random.below(6)}`;
    const changeId = sampleChangeId(random.below(12) === 0 ? `reused ${random.below(3)}` : `step ${step}`);
    const fields = { localId, changeId, version: step + 1 };
    const bodies: readonly [() => string, ...(() => string)[]] = [
      () => sampleEdit(fields, [`T01.${step + 1}`]),
      () => sampleEdit(fields, [`T01.${step + 1}`, `T02.${step + 1}`]),
      () => sampleSale(fields, 100 + step),
      () => sampleBody("order.voided", fields, { reason: "guests left" }),
      () => sampleBody("transaction.recorded", fields, { type: "paid-in", currency: "KES", amountMinor: step }),
      () => (random.below(3) === 0 ? sampleSale(fields, 100, { reference: "\u0000" }) : sampleEdit(fields, [])),
      () => (random.below(3) === 0 ? sampleSale(fields, 100, { totalMinor: 7 }) : sampleEdit(fields, [])),
    ];
    life.add(random.pick(bodies)());
  }
}
