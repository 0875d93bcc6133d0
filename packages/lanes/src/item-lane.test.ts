import { describe, expect, it } from "vitest";
import type { Destination } from "./destination.ts";
import { ItemLane } from "./item-lane.ts";
import type { Reply } from "./outcome.ts";
import { FarEnd, type Fate, type Parcel } from "./testing/far-end.ts";
import { LaneClock } from "./testing/lane-clock.ts";
import { MemoryItems } from "./testing/memory-items.ts";
import { runSchedule } from "./testing/schedule.ts";

const by = { operator: "Mary", reason: "put right" };
const rules = { pace: { slowMs: 300_000 }, lookUpAfterMs: 10_000 };

function laneTo(fates: Fate[], options: { inOrder?: boolean; refuses?: string[]; items?: number } = {}) {
  const clock = new LaneClock();
  const store = new MemoryItems<Parcel>();
  const refuses = new Set(options.refuses);
  const farEnd = new FarEnd({ nowMs: () => clock.wallMs(), fate: () => fates.shift() ?? "fine", refuses });
  const errors: unknown[] = [];
  const make = (destination: Destination<Parcel> = farEnd) =>
    new ItemLane({
      lane: "parcels",
      inOrder: options.inOrder ?? false,
      store,
      destination,
      clock,
      jitter: () => 0.5,
      rules,
      onError: (error) => errors.push(error),
    });
  const enqueue = (name: string) =>
    store.enqueue({ lane: "parcels", entityType: "parcel", entityId: name, payload: { name } }, clock.wallMs());
  const ids = Array.from({ length: options.items ?? 1 }, (_, i) => enqueue(`p${i}`).id);
  const phases = () => store.all.map(({ state }) => state.phase);
  return { clock, store, farEnd, make, enqueue, ids, phases, errors };
}

const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a lane of items", () => {
  it("keeps all it promises over 400 schedules of crashes and lost replies", async () => {
    for (let seed = 1; seed <= 400; seed++) expect(await runSchedule(seed), `seed ${seed}`).toEqual([]);
  });

  it("runs by itself, and goes on when something is enqueued", async () => {
    const { make, enqueue, farEnd, phases } = laneTo([], { items: 3 });
    const lane = make();
    lane.start();
    await rest();
    expect(farEnd.accepted).toEqual(["p0", "p1", "p2"]);
    enqueue("later");
    lane.look();
    await rest();
    expect(phases()).toEqual(["settled", "settled", "settled", "settled"]);
    await lane.stop();
  });

  it("holds up the rest behind what is unknown when it keeps order, and only then", async () => {
    for (const inOrder of [true, false]) {
      const { make, phases } = laneTo(["page"], { inOrder, items: 2 });
      const lane = make();
      await lane.step();
      await lane.step();
      expect(phases()).toEqual(["unknown", inOrder ? "waiting" : "settled"]);
    }
  });

  it("lets those behind pass what is parked, also when it keeps order", async () => {
    const { make, ids, store, phases } = laneTo([], { inOrder: true, items: 2, refuses: ["p0"] });
    const lane = make();
    while ((await lane.step()).kind === "moved");
    expect(phases()).toEqual(["parked", "settled"]);
    await lane.discard(ids[0] ?? "", by);
    expect(store.all[0]?.state).toMatchObject({ phase: "discarded", decisions: [{ did: "discarded", ...by }] });
    await expect(lane.retry(ids[1] ?? "", by)).rejects.toMatchObject({ code: "NOT_PARKED" });
    await expect(lane.retry("nobody", by)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it.each<Fate>(["device refuses", "unreachable", "busy"])(
    "waits as a whole when the call was '%s', and goes on at once when the far end answers again",
    async (fate) => {
      const { make, farEnd } = laneTo([fate, fate, fate], { items: 5 });
      const lane = make();
      for (let i = 0; i < 3; i++) {
        lane.answersAgain();
        await lane.step();
      }
      expect(await lane.step()).toMatchObject({ kind: "wait" });
      lane.answersAgain();
      while ((await lane.step()).kind === "moved");
      expect(farEnd.accepted.length).toBeGreaterThan(1);
    },
  );

  it("takes a destination that throws, or never answers, for unknown", async () => {
    const broken = laneTo([]);
    const throws = { ...wrapped(broken.farEnd), deliver: () => Promise.reject(new Error("a bug")) };
    await broken.make(throws).step();
    expect([broken.phases(), broken.errors]).toEqual([["unknown"], [new Error("a bug")]]);

    const hung = laneTo([]);
    const step = hung.make({ ...wrapped(hung.farEnd), deliver: () => new Promise<Reply>(() => {}) }).step();
    await rest();
    hung.clock.advance(150_000);
    await step;
    expect(hung.phases()).toEqual(["unknown"]);

    const puzzled = laneTo([]);
    const reads = () => {
      throw new Error("no such code");
    };
    await puzzled.make({ ...wrapped(puzzled.farEnd), outcomeOf: reads }).step();
    expect(puzzled.store.all[0]?.state).toMatchObject({ phase: "unknown", why: { code: "NOT_UNDERSTOOD" } });
  });

  it("interprets after a restart what was stored and not read, without a call", async () => {
    const { make, store, farEnd, phases } = laneTo([]);
    const lane = make();
    const move = store.move.bind(store);
    store.move = (id, from, to) => {
      if (to.phase === "settled") throw new Error("the disk is full");
      return move(id, from, to);
    };
    await expect(lane.step()).rejects.toThrow("the disk is full");
    store.move = move;
    await make().step();
    expect([phases(), farEnd.accepted]).toEqual([["settled"], ["p0"]]);
  });

  it("goes on by itself after its store failed", async () => {
    const { make, store, clock, phases, errors } = laneTo([]);
    const first = store.first.bind(store);
    store.first = () => {
      throw new Error("the disk is busy");
    };
    const lane = make();
    lane.start();
    await rest();
    store.first = first;
    clock.advance(1_000);
    await rest();
    expect([phases(), errors]).toEqual([["settled"], [new Error("the disk is busy")]]);
    await lane.stop();
    expect(clock.waiting).toBe(0);
  });
});

function wrapped(inner: Destination<Parcel>): Destination<Parcel> {
  return {
    deliver: (item, signal) => inner.deliver(item, signal),
    lookUp: (item, signal) => inner.lookUp(item, signal),
    outcomeOf: (item, reply) => inner.outcomeOf(item, reply),
    foundOf: (item, reply) => inner.foundOf(item, reply),
  };
}
