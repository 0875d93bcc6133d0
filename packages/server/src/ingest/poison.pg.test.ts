import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IngestWorld, ingestWorld, type StoredHead, type TestStore } from "../testing/ingest-world.ts";
import { APPLY_POISONS, HARMLESS, type Poison, UNREADABLE_POISONS } from "../testing/poisons.ts";
import { SampleLife, sampleChangeId, sampleSale } from "../testing/sample-life.ts";
import { seededRandom } from "../testing/seeded-random.ts";

let world: IngestWorld;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());

const BATCH = 1000;
const SEED = Number(process.env.TILLSYNC_SEED ?? 20_260_116);

describe.each([...APPLY_POISONS, ...UNREADABLE_POISONS, ...HARMLESS])("a change with $name", (poison) => {
  it("is stored and judged alone; its neighbours are applied, later changes of its entity wait", async () => {
    const store = await world.newStore();
    const life = new SampleLife(await store.enrol("T01"));
    life.addSales(2);
    const seq = plant(life, poison);
    life.add(sampleSale({ localId: `poison-${seq}`, changeId: sampleChangeId(`after ${seq}`), version: 2 }, 300));
    life.addSales(2);
    const answer = await store.send(life.request());
    expect(answer).toMatchObject({ durableThrough: 6, chainHash: life.hashAt(6) });

    const heads = await store.heads(life.terminal);
    const fine = { effect: "applied", code: null };
    expect(heads[seq - 1]).toMatchObject(poison.code === null ? fine : { effect: "parked", code: poison.code });
    expect(heads[seq]).toMatchObject(follower(poison));
    for (const index of [0, 1, 4, 5]) expect(heads[index]).toMatchObject(fine);
    await expectWholeFeed(store, heads);
    await expectStoredBytes(life);
  });
});

function follower({ code, isNamed, name }: Poison) {
  if (code !== null && isNamed) return { effect: "waiting", code: "WAITING_FOR_EARLIER" };
  // A closed order stays closed; an open one may be closed; bytes without a name hold nobody up.
  return code === null && !name.includes("edit")
    ? { effect: "conflict", code: "ALREADY_CLOSED" }
    : { effect: "applied" };
}

describe("a batch of 1,000", () => {
  it.each(APPLY_POISONS.slice(0, 2))("is applied but for a change with $name, wherever it stands", async (poison) => {
    const random = seededRandom(SEED);
    const store = await world.newStore();
    const places = [1, 2 + random.below(BATCH - 2), BATCH];
    for (const [index, place] of places.entries()) {
      const life = new SampleLife(await store.enrol(`T${index + 1}`));
      life.addSales(place - 1, `t${index}`);
      plant(life, poison);
      life.addSales(BATCH - place, `t${index}`);
      const answer = await store.send(life.request());
      expect(answer, `seed ${SEED}`).toMatchObject({ durableThrough: BATCH, chainHash: life.hashAt(BATCH) });
      const heads = await store.heads(life.terminal);
      const wrong = heads.filter(({ seq, effect }) => (seq === place ? effect !== "parked" : effect !== "applied"));
      expect(wrong, `seed ${SEED}, poison at ${place}`).toEqual([]);
    }
    expect(await store.documents()).toHaveLength(places.length * (BATCH - 1));
    await expectGaplessFeed(store);
  });

  it("is applied but for its poisons when every sort of them is strewn into it", async () => {
    const random = seededRandom(SEED);
    const store = await world.newStore();
    const life = new SampleLife(await store.enrol("T01"));
    const planted = new Map<number, Poison>();
    const sorts = [...APPLY_POISONS, ...UNREADABLE_POISONS];
    while (life.wires.length < BATCH) {
      const poison = random.below(40) === 0 ? sorts[random.below(sorts.length)] : undefined;
      if (poison && !poison.name.includes("900,000")) planted.set(plant(life, poison), poison);
      else life.addSales(1);
    }
    const answer = await store.send(life.request());
    expect(answer.durableThrough).toBe(BATCH);
    const heads = await store.heads(life.terminal);
    for (const head of heads) {
      const code = planted.get(head.seq)?.code ?? null;
      expect(head, `seed ${SEED}`).toMatchObject({ effect: code === null ? "applied" : "parked", code });
    }
    expect(await store.documents()).toHaveLength(BATCH - planted.size);
    await expectWholeFeed(store, heads);
    // And the next exchange finds nothing left over.
    life.addSales(1);
    expect((await store.send(life.request(BATCH + 1))).durableThrough).toBe(BATCH + 1);
  });
});

it("tells the till about a parked change in a sentence that is short and holds no control characters", async () => {
  const store = await world.newStore();
  const life = new SampleLife(await store.enrol("T01"));
  for (const poison of UNREADABLE_POISONS) plant(life, poison);
  await store.send(life.request());
  const answer = await store.send(life.request(life.wires.length + 1));
  expect(answer.entries.flatMap(({ code }) => code ?? []).length).toBeGreaterThan(5);
  for (const { message = "" } of answer.entries) {
    expect(message.length).toBeLessThanOrEqual(400);
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.isWellFormed()).toBe(true);
  }
});

function plant(life: SampleLife, poison: Poison): number {
  const seq = life.wires.length + 1;
  const { body, ...more } = poison.wire({
    localId: `poison-${seq}`,
    changeId: sampleChangeId(`${life.terminal} ${seq}`),
  });
  return life.add(body, more);
}

async function expectStoredBytes(life: SampleLife): Promise<void> {
  const { rows } = await world.admin.query<{ body: Buffer }>(
    "SELECT body FROM tillsync.change_body WHERE terminal = $1 ORDER BY seq",
    [life.terminal],
  );
  expect(rows.map(({ body }) => body.toString("utf8"))).toEqual(life.wires.map(({ body }) => body));
}

/** Every change is told exactly once, with the effect it has. */
async function expectWholeFeed(store: TestStore, heads: readonly StoredHead[]): Promise<void> {
  const told = new Map<number, string>();
  for (const { fromSeq, toSeq, effect } of await store.feed()) {
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      expect(told.has(seq), `seq ${seq} told twice`).toBe(false);
      told.set(seq, effect);
    }
  }
  expect([...told].sort(([a], [b]) => a - b)).toEqual(heads.map(({ seq, effect }) => [seq, effect]));
  await expectGaplessFeed(store);
}

async function expectGaplessFeed(store: TestStore): Promise<void> {
  const feed = await store.feed();
  expect(feed.map(({ n }) => n)).toEqual(feed.map((_, index) => index + 1));
  const { rows } = await world.admin.query<{ n: number; chain: string }>(
    "SELECT n, encode(chain, 'hex') AS chain FROM tillsync.feed_counter WHERE org_id = $1 AND store_id = $2",
    [store.scope.orgId, store.scope.storeId],
  );
  expect(rows[0]).toEqual({ n: feed.length, chain: feed.at(-1)?.chain });
}
