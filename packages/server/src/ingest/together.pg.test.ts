import { type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import type { JointTransaction } from "./ports.ts";
import { exchangeTogether, mayShare } from "./together.ts";

const SEED = Number(process.env.TILLSYNC_SEED ?? 20_261_125);
const TILLS = 6;
const ROUNDS = 40;

let world: IngestWorld;
let store: TestStore;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
});

/** Lives of tills that the centre knows: the first exchange of a life is never shared. */
async function knownLives(count: number, of = store): Promise<SampleLife[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const life = new SampleLife(await of.enrol(`T${10 + index}`));
      await of.send(life.request());
      return life;
    }),
  );
}

/** What a till may believe of an answer, whichever transaction gave it; the feed's numbers depend on the order. */
function believed(result: PromiseSettledResult<ExchangeResponse> | undefined) {
  if (result?.status !== "fulfilled") return (result?.reason as SyncError | undefined)?.code;
  const { durableThrough, chainHash, receiptCounter, need } = result.value;
  return { durableThrough, chainHash, receiptCounter, need };
}

/** How many chain values the feed has: one a commit that told something. */
async function commits(): Promise<number> {
  return new Set((await store.feed()).map(({ chain }) => chain)).size;
}

describe("exchanges that waited at the same moment", () => {
  it("share one commit, and each is told its own mark", async () => {
    const lives = await knownLives(5);
    for (const [index, life] of lives.entries()) life.addSales(index + 1, `till-${index}`);
    const answers = await store.sendTogether(lives.map((life) => life.request()));
    expect(answers.map(believed)).toEqual(
      lives.map((life, index) => ({
        durableThrough: index + 1,
        chainHash: life.hashAt(index + 1),
        receiptCounter: { businessDate: "2026-01-16", sequence: index + 1 },
        need: [],
      })),
    );
    expect(await commits()).toBe(1);
    for (const life of lives) {
      const heads = await store.heads(life.terminal);
      expect(heads.map(({ seq, effect }) => [seq, effect])).toEqual(
        life.wires.map((_, index) => [index + 1, "applied"]),
      );
    }
    expect((await store.documents()).length).toBe(15);
  });

  it("are told the feed behind their own cursors, and nothing of each other", async () => {
    const lives = await knownLives(3);
    for (const [index, life] of lives.entries()) life.addSales(2, `till-${index}`);
    await store.sendTogether(lives.map((life) => life.request()));
    const polls = await store.sendTogether(lives.map((life) => life.request(3, 2)));
    for (const [index, poll] of polls.entries()) {
      if (poll.status === "rejected") throw poll.reason;
      const { entries } = poll.value;
      expect(entries.map(({ terminal, fromSeq, toSeq }) => [terminal, fromSeq, toSeq])).toEqual([
        [lives[index]?.terminal, 1, 2],
      ]);
      const life = lives[index] as SampleLife;
      const again = await store.send(life.request(3, 2, { cursor: poll.value.cursor }));
      expect(again.entries).toEqual([]);
    }
  });

  it("are refused each for its own reason, and the others are stored all the same", async () => {
    const [gap, fork, poison, stranger, resent, fine, other] = await knownLives(7);
    const all = [gap, fork, poison, stranger, resent, fine, other] as SampleLife[];
    for (const [index, life] of all.entries()) life.addSales(2, `till-${index}`);
    await store.send((resent as SampleLife).request());
    (poison as SampleLife).add(sampleBody("order.closed", { localId: "poison" }, { nothing: "of a sale" }));
    const forked = new SampleLife((fork as SampleLife).terminal);
    forked.addSales(2, "another");
    await store.send(forked.request());
    const unknown = new SampleLife("0198c0de-0000-7000-8000-000000000000");
    const requests = [
      (gap as SampleLife).request(2),
      (fork as SampleLife).request(),
      (poison as SampleLife).request(),
      unknown.request(),
      (resent as SampleLife).request(),
      (fine as SampleLife).request(),
      (other as SampleLife).request(1, 2, { cursor: "of another history" }),
    ];
    const answers = await store.sendTogether(requests);
    expect(answers.map(believed).map((each) => (typeof each === "object" ? each.durableThrough : each))).toEqual([
      "GAP",
      "FORK",
      3,
      "FORBIDDEN",
      2,
      2,
      "FEED_RESET",
    ]);
    const heads = await store.heads((poison as SampleLife).terminal);
    expect(heads.map(({ effect }) => effect)).toEqual(["applied", "applied", "parked"]);
  });

  it("may speak of the same order: what one transaction cannot hold comes one after the other", async () => {
    const lives = await knownLives(3);
    for (const [index, life] of lives.entries())
      life.add(sampleEdit({ localId: "table-1", changeId: sampleChangeId(`edit ${index}`) }, [`T${index}.1`]));
    const answers = await store.sendTogether(lives.map((life) => life.request()));
    expect(answers.map(believed)).toMatchObject([{ durableThrough: 1 }, { durableThrough: 1 }, { durableThrough: 1 }]);
    for (const [index, life] of lives.entries())
      life.add(sampleSale({ localId: "table-1", changeId: sampleChangeId(`paid ${index}`), version: 2 }, 600));
    await store.sendTogether(lives.map((life) => life.request(2)));
    const effects = await Promise.all(lives.map(async ({ terminal }) => (await store.heads(terminal)).at(-1)?.effect));
    expect(effects.sort()).toEqual(["applied", "conflict", "conflict"]);
  });

  it("of one till keep their order, and one changeId of two tills counts once", async () => {
    const [one, two] = (await knownLives(2)) as [SampleLife, SampleLife];
    one.addSales(4, "one");
    const changeId = sampleChangeId("the same");
    one.add(sampleSale({ localId: "a", changeId }, 100));
    two.add(sampleSale({ localId: "b", changeId }, 100));
    const answers = await store.sendTogether([one.request(1, 2), one.request(3, 5), two.request()]);
    expect(answers.map(believed)).toMatchObject([{ durableThrough: 2 }, { durableThrough: 5 }, { durableThrough: 1 }]);
    const repeats = [...(await store.heads(one.terminal)), ...(await store.heads(two.terminal))].filter(
      ({ repeat }) => repeat,
    );
    expect(repeats.map(({ effect, code }) => [effect, code])).toEqual([["conflict", "CHANGE_ID_REUSED"]]);
  });

  it("share it in a store where something is parked, but what follows that waits behind it (I10)", async () => {
    const [parked, ...others] = (await knownLives(4)) as [SampleLife, SampleLife, SampleLife, SampleLife];
    parked.add(sampleBody("order.closed", { localId: "poison" }, { nothing: "of a sale" }));
    await store.send(parked.request());
    for (const [index, life] of others.entries()) life.addSales(1, `till-${index}`);
    others[2]?.add(sampleEdit({ localId: "poison", changeId: sampleChangeId("behind") }, ["T1.1"]));
    const before = await commits();
    await store.sendTogether(others.map((life) => life.request()));
    const effects = await Promise.all(
      others.map(async ({ terminal }) => (await store.heads(terminal)).map((h) => h.effect)),
    );
    expect(effects).toEqual([["applied"], ["applied"], ["applied", "waiting"]]);
    expect((await commits()) - before).toBe(2);
  });

  it("each have a transaction of their own when the shared one fails", async () => {
    const lives = await knownLives(3);
    const closed = sampleSale({ localId: "sold" }, 100);
    const first = lives[0] as SampleLife;
    first.add(closed);
    await store.send(first.request());
    for (const [index, life] of lives.entries()) life.addSales(1, `till-${index}`);
    // Known only to the database: the order is final there, so the statement writes one document too few.
    (lives[1] as SampleLife).add(sampleSale({ localId: "sold", changeId: sampleChangeId("late") }, 200));
    const answers = await store.sendTogether([first.request(2), ...lives.slice(1).map((life) => life.request())]);
    expect(answers.map(believed)).toMatchObject([{ durableThrough: 2 }, { durableThrough: 2 }, { durableThrough: 1 }]);
    const effects = (await store.heads((lives[1] as SampleLife).terminal)).map(({ effect }) => effect);
    expect(effects).toEqual(["applied", "conflict"]);
  });

  it("are all told that the database cannot be used, and nothing is tried one by one", async () => {
    const lives = await knownLives(3);
    for (const [index, life] of lives.entries()) life.addSales(1, `till-${index}`);
    let asked = 0;
    const gone = () => {
      asked += 1;
      return Promise.reject(new SyncError("UNAVAILABLE", "gone"));
    };
    const context = { ...world.context, store: { ...world.context.store, transaction: gone, jointTransaction: gone } };
    const requests = lives.map((life) => life.request());
    const answers = await Promise.allSettled(exchangeTogether(context, store.scope, requests));
    expect(answers.map(believed)).toEqual(["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]);
    expect(asked).toBe(1);
  });

  it("are stored once when the answer to the commit was lost (I7)", async () => {
    const lives = await knownLives(3);
    for (const [index, life] of lives.entries()) life.addSales(2, `till-${index}`);
    const { jointTransaction } = world.context.store;
    const losing = async <T>(scope: TestStore["scope"], fn: (tx: JointTransaction) => Promise<T>): Promise<T> => {
      await jointTransaction?.(scope, fn);
      throw new SyncError("UNAVAILABLE", "lost", { unknown: true });
    };
    const context = { ...world.context, store: { ...world.context.store, jointTransaction: losing } };
    const requests = lives.map((life) => life.request());
    const answers = await Promise.allSettled(exchangeTogether(context, store.scope, requests));
    expect(answers.map(believed)).toEqual(["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]);
    const again = await store.sendTogether(requests);
    expect(again.map(believed)).toMatchObject([{ durableThrough: 2 }, { durableThrough: 2 }, { durableThrough: 2 }]);
    for (const { terminal } of lives) expect((await store.heads(terminal)).length).toBe(2);
  });
});

describe("tills that send together or alone, as chance has it", () => {
  /** One round of all tills: new sales, edits of shared tables (which commute), repeats, gaps, polls. */
  function roundOf(random: SeededRandom, lives: readonly SampleLife[], through: readonly number[], round: number) {
    return lives.map((life, till): ExchangeRequest => {
      for (let step = random.below(4); step > 0; step--) {
        const changeId = sampleChangeId(`${till} ${round} ${step}`);
        const fields = { localId: `table-${random.below(30)}`, changeId };
        if (random.below(2) === 0) life.add(sampleSale({ localId: `sale-${till}-${round}-${step}`, changeId }, 100));
        else life.add(sampleEdit(fields, [`T${till}.${round * 10 + step}`]));
      }
      const durable = through[till] ?? 0;
      const from = Math.max(1, durable + 1 + (random.below(10) === 0 ? 1 : 0) - (random.below(5) === 0 ? 1 : 0));
      return life.request(Math.min(from, life.wires.length + 1));
    });
  }

  it(`leaves the centre with the same changes, effects and documents either way (seed ${SEED})`, async () => {
    const stores = [store, await world.newStore()];
    const states = await Promise.all(
      stores.map(async (of, way) => {
        const random = seededRandom(SEED);
        const lives = await knownLives(TILLS, of);
        const through = lives.map(() => 0);
        const said: unknown[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const requests = roundOf(random, lives, through, round);
          const answers = way === 0 ? await of.sendTogether(requests) : await alone(of, requests);
          said.push(answers.map((answer, till) => marked(answer, lives[till] as SampleLife)));
          for (const [till, answer] of answers.entries())
            if (answer.status === "fulfilled") through[till] = answer.value.durableThrough;
        }
        const feed = await of.feed();
        expect(feed.map(({ n }) => n)).toEqual(feed.map((_, index) => index + 1));
        const heads = await Promise.all(lives.map(({ terminal }) => of.heads(terminal)));
        const states = (await of.documents()).map(({ localId, state }) => [localId, state]);
        const commitsOfFeed = new Set(feed.map(({ chain }) => chain)).size;
        return { said, heads, states, commitsOfFeed };
      }),
    );
    const [together, apart] = states as [(typeof states)[0], (typeof states)[0]];
    // Some shared, some could not: both ways were gone.
    expect(together.commitsOfFeed).toBeLessThan(apart.commitsOfFeed * 0.8);
    expect({ ...together, commitsOfFeed: 0 }).toEqual({ ...apart, commitsOfFeed: 0 });
  });

  /** The mark that a till was told, once its chain is seen to be the till's own. */
  function marked(answer: PromiseSettledResult<ExchangeResponse>, life: SampleLife) {
    const told = believed(answer);
    if (typeof told === "string" || told === undefined) return told;
    expect(told.chainHash).toBe(life.hashAt(told.durableThrough));
    return { ...told, chainHash: "" };
  }

  async function alone(of: TestStore, requests: readonly ExchangeRequest[]) {
    const answers: PromiseSettledResult<ExchangeResponse>[] = [];
    for (const request of requests) answers.push(...(await Promise.allSettled([of.send(request)])));
    return answers;
  }

  it("never wait for each other in a circle, and each is stored (I1)", async () => {
    const lives = await knownLives(8);
    const random = seededRandom(SEED);
    for (let round = 0; round < 15; round++) {
      const requests = lives.map((life, till) => {
        const from = life.wires.length + 1;
        for (let table = random.below(5); table >= 0; table--)
          life.add(
            sampleEdit({ localId: `table-${random.below(6)}`, changeId: sampleChangeId(`${till} ${round} ${table}`) }, [
              `T${till}.${round * 10 + table + 1}`,
            ]),
          );
        life.addSales(1, `till-${till}-${round}`);
        return life.request(from);
      });
      const groups = [requests.slice(0, 3), requests.slice(3, 6)];
      const answers = await Promise.all([
        ...groups.map((group) => store.sendTogether(group)),
        ...requests.slice(6).map((request) => Promise.allSettled([store.send(request)])),
      ]);
      expect(answers.flat().map(({ status }) => status)).toEqual(lives.map(() => "fulfilled"));
    }
    for (const life of lives) {
      const heads = await store.heads(life.terminal);
      expect(heads.map(({ effect, code }) => [effect, code])).toEqual(life.wires.map(() => ["applied", null]));
    }
  });
});

describe("mayShare", () => {
  const of = (changes: number) =>
    ({ changes: Array.from({ length: changes }, () => ({})) }) as unknown as ExchangeRequest;

  it("keeps large batches to themselves, and a company small", () => {
    expect(mayShare([of(5)], of(5))).toBe(true);
    expect(mayShare([of(5)], of(96))).toBe(false);
    expect(mayShare([of(101)], of(0))).toBe(false);
    expect(
      mayShare(
        Array.from({ length: 15 }, () => of(1)),
        of(1),
      ),
    ).toBe(true);
    expect(
      mayShare(
        Array.from({ length: 16 }, () => of(1)),
        of(1),
      ),
    ).toBe(false);
  });
});
