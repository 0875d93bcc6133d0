import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type IngestWorld, ingestWorld, type TestStore } from "../testing/ingest-world.ts";
import { SampleLife, sampleBody, sampleChangeId, sampleEdit, sampleSale } from "../testing/sample-life.ts";
import { exchange } from "./exchange.ts";
import { sweepAll } from "./sweep-all.ts";

/** What `sabotage` keeps the database from applying. */
const CURSED_MINOR = 66_600;

let world: IngestWorld;
let store: TestStore;
let till: SampleLife;
let other: SampleLife;
beforeAll(async () => {
  world = await ingestWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  store = await world.newStore();
  till = new SampleLife(await store.enrol("T01"));
  other = new SampleLife(await store.enrol("T02"), "fedcba9876543210");
});

/** Something is wrong at the centre with sales of that amount, until it is put right. */
async function sabotage(): Promise<() => Promise<unknown>> {
  await world.admin.query(
    `ALTER TABLE tillsync.document ADD CONSTRAINT cursed CHECK (total_minor <> ${CURSED_MINOR}) NOT VALID`,
  );
  return () => world.admin.query("ALTER TABLE tillsync.document DROP CONSTRAINT cursed");
}

const cursed = (life: SampleLife, localId: string, version = 1) =>
  life.add(sampleSale({ localId, version, changeId: sampleChangeId(`${life.terminal} ${localId}`) }, CURSED_MINOR));

function decide(how: "retried" | "discarded", seq: number, version = 1, of = till): void {
  const place = { incarnation: of.incarnation, seq };
  const payload = how === "retried" ? place : { ...place, operator: "Amina", reason: "entered twice" };
  const changeId = sampleChangeId(`${of.terminal} ${how} ${seq} ${version}`);
  const body = sampleBody(`exception.${how}`, { localId: `${of.incarnation}-${seq}`, version, changeId }, payload);
  of.add(body);
}

const effects = async (of = till) => (await store.heads(of.terminal)).map(({ effect }) => effect);
const states = async () =>
  Object.fromEntries((await store.documents()).map(({ localId, state }) => [localId, state])) as Record<string, string>;
const through = async (of: SampleLife) => (await store.heads(of.terminal)).length;
const send = async (of = till) => store.send(of.request((await through(of)) + 1));

describe("a parked change that a person has tried again", () => {
  it("is applied when what was wrong has been put right, and so is what waited behind it, of any till", async () => {
    till.add(sampleEdit({ localId: "table-1" }, ["T1.1"]));
    cursed(till, "table-1", 2);
    const putRight = await sabotage();
    await send();
    other.add(sampleEdit({ localId: "table-1", changeId: sampleChangeId("late edit") }, ["T2.1"]));
    await send(other);
    expect([await effects(), await effects(other)]).toEqual([["applied", "parked"], ["waiting"]]);

    decide("retried", 2);
    await send();
    expect(await effects()).toEqual(["applied", "parked", "applied"]);
    await putRight();
    decide("retried", 2, 2);
    expect((await send()).durableThrough).toBe(4);
    expect(await effects()).toEqual(["applied", "applied", "applied", "applied"]);
    expect(await states()).toMatchObject({ "table-1": "closed", [`${till.incarnation}-2`]: "open" });
    // The other till's edit came after the payment: it had its turn, and lost.
    await sweepAll(world.database.pool, world.context);
    expect(await effects(other)).toEqual(["conflict"]);
  });

  it("is told to its till with the feed, once as it is in the end", async () => {
    cursed(till, "sale-1");
    const putRight = await sabotage();
    const first = await send();
    await putRight();
    decide("retried", 1);
    await send();
    const { entries } = await store.send(till.request(3, 2, { cursor: first.cursor }));
    expect(entries.map(({ fromSeq, toSeq, effect }) => [fromSeq, toSeq, effect])).toEqual([
      [1, 1, "parked"],
      [2, 2, "pending"],
      [1, 2, "applied"],
    ]);
  });

  it("is decided about by any server when the first one dies before it could", async () => {
    cursed(till, "sale-1");
    const putRight = await sabotage();
    await send();
    await putRight();
    decide("retried", 1);
    let begun = 0;
    const { store: real } = world.context;
    const transaction: typeof real.transaction = (scope, fn) =>
      ++begun > 1 ? Promise.reject(new Error("the server was killed")) : real.transaction(scope, fn);
    const dying = { ...world.context, store: { serverEpoch: real.serverEpoch, transaction } };
    await expect(exchange(dying, store.scope, till.request(2))).rejects.toThrow("killed");
    expect(await effects()).toEqual(["parked", "pending"]);
    await sweepAll(world.database.pool, world.context);
    expect(await effects()).toEqual(["applied", "applied"]);
  });
});

describe("a parked change that a person gives up", () => {
  it("stays stored, is never applied, and what waits behind it goes on (I10)", async () => {
    till.add(sampleEdit({ localId: "table-1" }, ["T1.1"]));
    till.add(
      sampleBody(
        "order.edited",
        { localId: "table-1", version: 2, changeId: sampleChangeId("bad") },
        { nothing: "of it" },
      ),
    );
    till.add(sampleSale({ localId: "table-1", version: 3 }, 200));
    await send();
    expect(await effects()).toEqual(["applied", "parked", "waiting"]);
    decide("discarded", 2);
    await send();
    const heads = await store.heads(till.terminal);
    expect(heads.map(({ effect, code }) => [effect, code])).toEqual([
      ["applied", null],
      ["conflict", "DISCARDED"],
      ["applied", null],
      ["applied", null],
    ]);
    expect(await states()).toMatchObject({ "table-1": "closed", [`${till.incarnation}-2`]: "closed" });
  });

  it("is given up for good though it was to be tried again a moment before", async () => {
    till.add(sampleBody("order.closed", { localId: "bad" }, {}));
    await send();
    decide("retried", 1);
    decide("discarded", 1, 2);
    await send();
    expect(await effects()).toEqual(["conflict", "applied", "applied"]);
  });

  it("cannot be tried again, and the centre says so of the decision", async () => {
    till.add(sampleBody("order.closed", { localId: "bad" }, {}));
    decide("discarded", 1);
    decide("retried", 1, 2);
    await send();
    const heads = await store.heads(till.terminal);
    expect(heads.map(({ effect, code }) => [effect, code])).toEqual([
      ["conflict", "DISCARDED"],
      ["applied", null],
      ["conflict", "ALREADY_CLOSED"],
    ]);
  });
});

it("a decision about what is not parked, or not there, changes nothing", async () => {
  till.addSales(1);
  decide("discarded", 1);
  decide("retried", 99);
  await send();
  expect(await effects()).toEqual(["applied", "applied", "applied"]);
  expect(await states()).toMatchObject({ "o-1": "closed" });
});

it("a till decides about its own changes only", async () => {
  other.add(sampleBody("order.closed", { localId: "bad" }, {}));
  await send(other);
  till.addSales(1);
  till.add(
    sampleBody(
      "exception.discarded",
      { localId: `${other.incarnation}-1` },
      {
        incarnation: other.incarnation,
        seq: 1,
        operator: "Amina",
        reason: "not mine",
      },
    ),
  );
  await send();
  expect(await effects(other)).toEqual(["parked"]);
});
