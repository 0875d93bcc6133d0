import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { seededRandom } from "../testing/seeded-random.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? 20_260_116);
const TILLS = 8;
const CHANGES = 120;

let world: IngestWorld;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());

/** Sends a life in batches of random sizes, some of them twice, as a till that loses answers. */
async function drain(store: TestStore, life: SampleLife, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let through = 0; through < life.wires.length; ) {
    const from = Math.max(1, through + 1 - random.below(3));
    const answer = await store.send(life.request(from, through + 1 + random.below(20)));
    expect(answer.chainHash, `seed ${SEED}`).toBe(life.hashAt(answer.durableThrough));
    if (random.below(4) > 0) through = answer.durableThrough;
  }
}

/** Sales of its own, and edits of tables that every till edits, in an order of its own. */
function busyLife(terminal: string, till: number): SampleLife {
  const random = seededRandom(SEED + till);
  const life = new SampleLife(terminal);
  for (let step = 0; step < CHANGES; step++) {
    const changeId = sampleChangeId(`${terminal} ${step}`);
    const fields = { localId: `table-${random.below(10)}`, changeId };
    if (random.below(2) === 0) life.addSales(1, `till-${till}`);
    else if (random.below(12) === 0) life.add(sampleSale(fields, 100));
    else life.add(sampleEdit(fields, [`T${till}.${step + 1}`]));
  }
  return life;
}

describe("eight tills of each of two stores, all at once", () => {
  let stores: TestStore[];
  let lives: SampleLife[][];
  beforeEach(async () => {
    stores = [await world.newStore(), await world.newStore()];
    const enrol = (store: TestStore) =>
      Promise.all(Array.from({ length: TILLS }, async (_, till) => busyLife(await store.enrol(`T${till + 1}`), till)));
    lives = await Promise.all(stores.map(enrol));
  });

  it("are stored whole, each entity closed once, each feed gapless", async () => {
    await Promise.all(
      stores.flatMap((store, at) => (lives[at] ?? []).map((life, till) => drain(store, life, SEED * 31 + till))),
    );
    for (const [at, store] of stores.entries()) {
      const told = new Map<string, string>();
      const feed = await store.feed();
      expect(feed.map(({ n }) => n)).toEqual(feed.map((_, index) => index + 1));
      for (const { terminal, fromSeq, toSeq, effect } of feed) {
        for (let seq = fromSeq; seq <= toSeq; seq++) told.set(`${terminal} ${seq}`, effect);
      }
      const closed = new Set<string>();
      for (const life of lives[at] ?? []) {
        const heads = await store.heads(life.terminal);
        expect(heads.map(({ seq }) => seq)).toEqual(life.wires.map((_, index) => index + 1));
        for (const { seq, effect } of heads) {
          expect(["applied", "conflict"], `seed ${SEED}`).toContain(effect);
          expect(told.get(`${life.terminal} ${seq}`)).toBe(effect);
          const { kind, localId } = JSON.parse(life.wires[seq - 1]?.body ?? "{}") as { kind: string; localId: string };
          if (effect !== "applied" || kind !== "order.closed") continue;
          expect(closed.has(localId), `${localId} closed twice`).toBe(false);
          closed.add(localId);
        }
      }
      const documents = await store.documents();
      expect(documents.filter(({ state }) => state === "closed").map(({ localId }) => localId)).toEqual(
        [...closed].sort(),
      );
    }
  });
});

describe("one till whose requests overtake each other", () => {
  it("gets one row and one effect for each change", async () => {
    const store = await world.newStore();
    const life = new SampleLife(await store.enrol("T01"));
    life.addSales(100);
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.send(life.request())));
    expect(new Set(answers.map(({ durableThrough, chainHash }) => `${durableThrough} ${chainHash}`)).size).toBe(1);
    expect(await store.heads(life.terminal)).toHaveLength(100);
    expect(await store.feed()).toMatchObject([{ fromSeq: 1, toSeq: 100, effect: "applied" }]);
  });
});

describe("a changeId that another till is storing at the same moment", () => {
  it("is stored and not applied, as if it had come a moment later", async () => {
    const store = await world.newStore();
    const [one, other] = [new SampleLife(await store.enrol("T01")), new SampleLife(await store.enrol("T02"))];
    const changeId = sampleChangeId("shared");
    one.add(sampleSale({ localId: "a", changeId }, 100));
    other.add(sampleSale({ localId: "b", changeId }, 200));
    let sending: ReturnType<TestStore["send"]> | undefined;
    await world.context.store.transaction(store.scope, async (tx) => {
      await tx.lock(one, 0);
      const [wire] = one.wires;
      const head = { seq: 1, hash: wire?.hash ?? "", body: wire?.body ?? "", changeId, kind: "order.closed" };
      const rest = {
        private: null,
        origin: null,
        localId: "a",
        damaged: false,
        repeat: false,
        code: null,
        message: null,
      };
      await tx.store(one, [{ ...head, ...rest, effect: "applied" }], 0);
      sending = store.send(other.request());
      await expect.poll(waitsForLock, { interval: 5 }).toBe(true);
    });
    expect((await sending)?.durableThrough).toBe(1);
    expect(await store.heads(other.terminal)).toMatchObject([{ effect: "conflict", code: "CHANGE_ID_REUSED" }]);
  });
});

describe("a database in trouble", () => {
  it.each(["53100", "57014", "25006"])("parks nothing: with SQLSTATE %s nobody blames the change", async (state) => {
    const store = await world.newStore();
    const life = new SampleLife(await store.enrol("T01"));
    life.addSales(3);
    await world.admin.query(`CREATE FUNCTION public.in_trouble() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$`);
    await world.admin.query(
      "CREATE TRIGGER in_trouble BEFORE INSERT ON tillsync.document FOR EACH ROW EXECUTE FUNCTION public.in_trouble()",
    );
    try {
      await expect(store.send(life.request())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    } finally {
      await world.admin.query("DROP FUNCTION public.in_trouble() CASCADE");
    }
    expect((await store.send(life.request())).durableThrough).toBe(3);
    expect((await store.heads(life.terminal)).map(({ effect }) => effect)).toEqual(["applied", "applied", "applied"]);
  });
});

async function waitsForLock(): Promise<boolean> {
  const { rows } = await world.admin.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rows.length > 0;
}
