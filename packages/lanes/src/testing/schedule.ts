import type { Destination } from "../destination.ts";
import type { ItemState } from "../item.ts";
import { ItemLane } from "../item-lane.ts";
import type { ItemStore, StoredItem } from "../item-store.ts";
import { FATES, FarEnd, type Parcel } from "./far-end.ts";
import { LaneClock } from "./lane-clock.ts";
import { MemoryItems } from "./memory-items.ts";

/** Where the process may die. Each name says what is on disk by then. */
export const STEPS = ["before intent", "intent", "call", "reply", "outcome"] as const;

/** What a broken variant puts in the place of the real parts. */
export interface Parts {
  readonly store?: (store: ItemStore<Parcel>) => ItemStore<Parcel>;
  readonly destination?: (destination: Destination<Parcel>) => Destination<Parcel>;
  readonly lookUpAfterMs?: number;
}

class Died extends Error {}

/** Faults end after so many calls and writes, so that every schedule comes to an end. */
const TROUBLED_CALLS = 60;
/** More than any schedule needs: the longest seen is some 200. */
const MOST_STEPS = 2_000;
const ITEMS = 5;

/** mulberry32 (Tommy Ettinger): in [0, 1), the same for the same seed. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One lane, one far end, faults and crashes by the seed, until nothing is left to do. Answers what is wrong, in words; nothing
 * when all is as promised.
 */
export async function runSchedule(seed: number, parts: Parts = {}): Promise<string[]> {
  const chance = chanceOf(seed);
  const clock = new LaneClock();
  const kept = new MemoryItems<Parcel>();
  const wrong: string[] = [];
  let calls = 0;
  let isDead = false;
  const mayDie = (step: (typeof STEPS)[number]): void => {
    if (calls < TROUBLED_CALLS && chance() < 0.1) isDead = true;
    if (isDead && step !== "call") throw new Died(step);
  };

  const inOrder = chance() < 0.5;
  const names = Array.from({ length: ITEMS }, (_, i) => `parcel ${i}`);
  const refuses = new Set(names.filter(() => chance() < 0.2));
  const fate = () => (++calls < TROUBLED_CALLS && chance() < 0.5 ? FATES[Math.floor(chance() * FATES.length)] : "fine");
  const farEnd = new FarEnd({
    nowMs: () => clock.wallMs(),
    fate: () => fate() ?? "fine",
    noticesDuplicates: chance() < 0.5,
    refuses,
  });
  const store = (parts.store ?? ((same) => same))(dying(kept, mayDie));
  const destination = watched((parts.destination ?? ((same) => same))(farEnd), kept, wrong, () => mayDie("call"));

  for (const name of names) {
    kept.enqueue({ lane: "parcels", entityType: "parcel", entityId: name, payload: { name } }, clock.wallMs());
  }
  const rules = { pace: { slowMs: 300_000 }, lookUpAfterMs: parts.lookUpAfterMs ?? 10_000 };
  const onError = (error: unknown) => wrong.push(String(error));
  const started = () =>
    new ItemLane({ lane: "parcels", inOrder, store, destination, clock, jitter: chance, rules, onError });

  let lane = started();
  for (let step = 0; step < MOST_STEPS; step++) {
    try {
      const progress = await lane.step();
      if (progress.kind === "idle") break;
      if (progress.kind === "wait") clock.advance(progress.waitMs);
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      isDead = false;
      lane = started();
    }
  }
  return [...wrong, ...judged(kept, farEnd, { inOrder, refuses })];
}

function judged(
  kept: MemoryItems<Parcel>,
  farEnd: FarEnd,
  { inOrder, refuses }: { inOrder: boolean; refuses: ReadonlySet<string> },
): string[] {
  const wrong: string[] = [];
  if (farEnd.doubles > 0) wrong.push(`${farEnd.doubles} taken twice`);
  for (const { state, payload } of kept.all) {
    const expected = refuses.has(payload.name) ? "parked" : "settled";
    if (state.phase !== expected) wrong.push(`${payload.name} is ${state.phase}, not ${expected}`);
    if (state.phase === "settled" && !farEnd.accepted.includes(payload.name)) wrong.push(`${payload.name} never came`);
  }
  const taken = [...new Set(farEnd.accepted)];
  if (inOrder && taken.join() !== taken.toSorted().join()) wrong.push(`out of order: ${taken.join()}`);
  return wrong;
}

/** A store that dies before or after what it writes. */
function dying(kept: MemoryItems<Parcel>, mayDie: (step: (typeof STEPS)[number]) => void): ItemStore<Parcel> {
  return {
    enqueue: (item, nowMs) => kept.enqueue(item, nowMs),
    get: (id) => kept.get(id),
    first: (lane, by) => kept.first(lane, by),
    move: (id, from, to) => {
      mayDie("before intent");
      const moved = kept.move(id, from, to);
      mayDie(stepOfMove(to));
      return moved;
    },
  };
}

function stepOfMove(to: ItemState): (typeof STEPS)[number] {
  if (to.unread) return "reply";
  return to.phase === "sending" ? "intent" : "outcome";
}

/** Sees that what is interpreted is stored, and that what is delivered has its intent stored. */
function watched(
  inner: Destination<Parcel>,
  kept: MemoryItems<Parcel>,
  wrong: string[],
  mayDie: () => void,
): Destination<Parcel> {
  const stored = ({ name }: Parcel): StoredItem<Parcel> | undefined =>
    kept.all.find(({ payload }) => payload.name === name);
  const sees = (item: Parcel): void => {
    if (stored(item)?.state.unread !== true) wrong.push(`${item.name}: read before it was stored`);
  };
  return {
    deliver: async (item, signal) => {
      const reply = await inner.deliver(item, signal);
      mayDie();
      return reply;
    },
    lookUp: async (item, signal) => {
      const reply = await inner.lookUp(item, signal);
      mayDie();
      return reply;
    },
    outcomeOf: (item, reply) => {
      sees(item);
      return inner.outcomeOf(item, reply);
    },
    foundOf: (item, reply) => {
      sees(item);
      return inner.foundOf(item, reply);
    },
  };
}
