import { PROTOCOL_VERSION } from "@tillsync/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HeldCommits } from "../testing/held-commits.ts";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleChangeId, sampleEdit } from "../testing/sample-life.ts";
import { exchange } from "./exchange.ts";

let world: IngestWorld;
let store: TestStore;
beforeAll(async () => {
  world = await ingestWorld();
  store = await world.newStore();
});
afterAll(() => world.close());

const WRITERS = 4;
const BATCHES = 30;

/** A batch: two sales, and an edit of an open order. */
function addBatch(life: SampleLife, name: string, batch: number): void {
  life.addSales(2, name);
  const localId = `table-${name}-${batch % 7}`; // a held transaction keeps its documents locked
  const changeId = sampleChangeId(`${name} edit ${batch}`);
  life.add(sampleEdit({ localId, changeId }, [`${name}.${batch + 1}`]));
}

/** Everything one reader is told from no cursor on, while others write, until they have ended and nothing is left. */
async function join(terminal: string, held: HeldCommits, isOver: () => boolean): Promise<string[]> {
  const life = new SampleLife(terminal, "00000000000000ff");
  const told: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const last = isOver();
    const reading = held.reading();
    const request = { ...life.request(1, 0), protocolVersion: PROTOCOL_VERSION, cursor, feed: "store" } as const;
    const answer = await store.send(request);
    reading.done();
    for (const { terminal: who, fromSeq, bodies = [] } of answer.entries)
      told.push(...bodies.map((_, index) => `${who} ${fromSeq + index}`));
    ({ cursor } = answer);
    if (last && !answer.more) return told;
  }
}

it("misses nothing at the join, with writers that hold transactions open, and repeats only what was open", async () => {
  const tills = await Promise.all(Array.from({ length: WRITERS }, (_, till) => store.enrol(`T0${till + 1}`)));
  const reader = await store.enrol("T99");
  const held = new HeldCommits(WRITERS, (n) => n % 3 === 0);
  const context = { ...world.context, store: held.wrap(world.context.store) };
  let writing = WRITERS;
  const lives = tills.map((terminal, till) => new SampleLife(terminal, `00000000000000a${till}`));
  const writers = lives.map(async (life, till) => {
    for (let batch = 0; batch < BATCHES; batch++) {
      const from = life.wires.length + 1;
      addBatch(life, `T0${till + 1}`, batch);
      await exchange(context, store.scope, life.request(from));
    }
    writing -= 1;
    held.writerEnds();
  });
  await held.held;
  // One after the other joins at another moment, whatever is held just then.
  const readings: string[][] = [];
  while (writing > 0) readings.push(await join(reader, held, () => writing === 0));
  await Promise.all(writers);
  readings.push(await join(reader, held, () => true));
  expect(held.count).toBeGreaterThan(0);
  const all = lives.flatMap(({ terminal, wires }) => wires.map((_, index) => `${terminal} ${index + 1}`)).sort();
  for (const told of readings) {
    expect([...new Set(told)].sort()).toEqual(all);
    // What came twice is an edit of an order that was open when the reader began.
    expect(told.length - all.length).toBeLessThanOrEqual(WRITERS * BATCHES);
  }
});
