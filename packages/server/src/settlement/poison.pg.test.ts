import type { ExchangeRequest, Settlement } from "@tillsync/protocol";
import { countOf } from "@tillsync/protocol/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { APPLY_POISONS, UNREADABLE_POISONS } from "../testing/poisons.ts";
import { sampleChangeId } from "../testing/sample-life.ts";
import { SampleShifts } from "../testing/sample-shift.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { giftsFor } from "./gifts.ts";
import { settleAfter } from "./settle.ts";

const CHANGES = countOf(process.env.TILLSYNC_FULL_COUNTS, { quick: 2_000, full: 10_000 });
const BATCH = 250;
const SEED = Number(process.env.TILLSYNC_SEED ?? 20_260_116);
/** A megabyte of a name fifty times over says nothing that one of them does not. */
const UNREADABLE = UNREADABLE_POISONS.filter(({ name }) => !name.includes("900,000"));

/** The first makes PostgreSQL throw: its whole batch is then interpreted one by one, which takes its time. */
function poisonOf(index: number, poisons: number) {
  return index === 0 ? APPLY_POISONS[poisons % APPLY_POISONS.length] : UNREADABLE[index % UNREADABLE.length];
}

let world: IngestWorld;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());

/** A shift of so many changes with poisons at random places. @returns those places, in order */
function poisonedShift(life: SampleShifts, poisons: number): number[] {
  const random = seededRandom(SEED + poisons);
  const places = new Set<number>();
  while (places.size < poisons) places.add(2 + random.below(CHANGES));
  life.open("s-1");
  for (let index = 0; life.wires.length <= CHANGES; ) {
    const seq = life.wires.length + 1;
    if (!places.has(seq)) life.addSales(1);
    else {
      const fields = { localId: `p-${seq}`, changeId: sampleChangeId(`${life.terminal} p-${seq}`) };
      const { body, ...more } = poisonOf(index++, poisons)?.wire(fields) ?? { body: "" };
      life.add(body, more);
    }
  }
  life.close();
  return [...places].sort((one, other) => one - other);
}

/** seqs that are not applied, up to `seq`. */
async function unapplied({ terminal }: SampleShifts, seq: number): Promise<{ seq: number; effect: string }[]> {
  const { rows } = await world.admin.query<{ seq: number; effect: string }>(
    `SELECT seq::float8 AS seq, effect FROM tillsync.change_head
     WHERE terminal = $1 AND seq <= $2 AND effect <> 'applied' ORDER BY seq`,
    [terminal, seq],
  );
  return rows;
}

/** What the centre says of the shift, to a till that lacks what it is asked for. */
async function judgement(store: TestStore, life: SampleShifts): Promise<Settlement | undefined> {
  const { incarnation, terminal } = life;
  let cursor: string | null = null;
  let judged: Settlement | undefined;
  for (let round = 1; round <= 20; round++) {
    const need = (judged?.need ?? []).map((seq) => ({ incarnation, seq, private: true as const }));
    const lacks: Pick<ExchangeRequest, "lacks"> = need.length > 0 ? { lacks: need } : {};
    const request = life.request(life.wires.length + 1, life.wires.length, { ...lacks, cursor });
    const answer = await store.send(request);
    const { settlements, ingest } = world.settlement;
    if (need.length > 0) await giftsFor({ settlements, sha256: ingest.sha256 }, store.scope, { terminal, lacks: need });
    await settleAfter(world.settlement, store.scope, request);
    cursor = answer.cursor;
    judged = answer.entries.findLast(({ settlement }) => settlement !== undefined)?.settlement ?? judged;
    if (judged?.state === "settled-with-exceptions" && !answer.more) return judged;
  }
  return judged;
}

it.each([1, 7, 50])(
  `a shift of ${CHANGES} changes with %i poisons among them applies all others in the round in which they came, and ends with exactly those (seed ${SEED})`,
  async (poisons) => {
    const store = await world.newStore();
    const life = new SampleShifts(await store.enrol("T01"));
    const places = poisonedShift(life, poisons);
    for (let from = 1; from <= life.wires.length; from += BATCH) {
      const through = Math.min(from + BATCH - 1, life.wires.length);
      const request = life.request(from, through);
      expect(await store.send(request)).toMatchObject({ durableThrough: through });
      const held = await unapplied(life, through);
      expect(held).toEqual(places.filter((seq) => seq <= through).map((seq) => ({ seq, effect: "parked" })));
      await settleAfter(world.settlement, store.scope, request);
    }
    const judged = await judgement(store, life);
    expect(judged).toMatchObject({ state: "settled-with-exceptions", exceptionCount: poisons, needCount: 0 });
    expect(judged?.exceptions.map(({ seq }) => seq)).toEqual(places);
    expect(judged?.counts["order.closed"]).toBeGreaterThanOrEqual(CHANGES - poisons);
  },
  180_000,
);
