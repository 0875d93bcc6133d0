import { expect, it } from "vitest";
import type { Destination } from "./destination.ts";
import type { ItemState } from "./item.ts";
import type { StoredItem } from "./item-store.ts";
import type { Parcel } from "./testing/far-end.ts";
import { type Parts, runSchedule } from "./testing/schedule.ts";

/** Lanes with one mistake each; the schedules of item-lane.test.ts have to see every one of them. */
const VARIANTS: Readonly<Record<string, { readonly parts: () => Parts; readonly shows: RegExp }>> = {
  "sends again after a timeout without looking it up": {
    parts: () => ({
      destination: (inner) => ({
        ...methodsOf(inner),
        outcomeOf: (item, reply) => {
          const outcome = inner.outcomeOf(item, reply);
          return outcome.verdict === "unknown" ? { ...outcome, verdict: "retry" } : outcome;
        },
      }),
    }),
    shows: /taken twice/,
  },
  "takes a look-up that cannot say for one that says absent": {
    parts: () => ({
      destination: (inner) => ({
        ...methodsOf(inner),
        foundOf: (item, reply) => {
          const result = inner.foundOf(item, reply);
          return result.verdict === "unknown" ? { verdict: "absent" } : result;
        },
      }),
    }),
    shows: /taken twice/,
  },
  "looks up before a request that was lost could arrive": {
    parts: () => ({ lookUpAfterMs: 0 }),
    shows: /taken twice/,
  },
  "reads a reply before it is stored": {
    parts: () => ({ store: (inner) => late(inner, (to) => to.unread) }),
    shows: /read before it was stored/,
  },
  "writes the intent after the call": {
    parts: () => ({ store: (inner) => late(inner, (to) => to.phase === "sending" && !to.unread) }),
    shows: /taken twice/,
  },
  "stops at what is parked": {
    parts: () => {
      const parked = new Map<string, StoredItem<Parcel>>();
      return {
        store: (inner) => ({
          ...inner,
          first: async (lane, by) => parked.values().next().value ?? (await inner.first(lane, by)),
          move: async (id, from, to) => {
            const moved = await inner.move(id, from, to);
            if (to.phase === "parked") parked.set(id, moved);
            return moved;
          },
        }),
      };
    },
    shows: /is waiting, not settled/,
  },
};

it.each(Object.entries(VARIANTS))("a lane that %s is caught", async (_, { parts, shows }) => {
  for (let seed = 1; seed <= 100; seed++) {
    const wrong = await runSchedule(seed, parts());
    if (wrong.some((line) => shows.test(line))) return;
  }
  expect.unreachable("none of 100 schedules showed it");
});

/** A store that says it wrote such a move, and writes it together with the next one. */
function late(inner: Parameters<NonNullable<Parts["store"]>>[0], isLate: (to: ItemState) => boolean) {
  const held = new Map<string, { from: ItemState; item: StoredItem<Parcel> }>();
  const move: typeof inner.move = async (id, from, to) => {
    const before = held.get(id);
    held.delete(id);
    if (isLate(to)) {
      const item = await inner.get(id);
      if (item === undefined) throw new TypeError(id);
      const moved = { ...item, state: to };
      held.set(id, { from: before?.from ?? from, item: moved });
      return moved;
    }
    return inner.move(id, before?.from ?? from, to);
  };
  return { ...inner, move };
}

/** The destination's methods as an object that can be spread. */
function methodsOf(inner: Destination<Parcel>): Destination<Parcel> {
  return {
    deliver: (item, signal) => inner.deliver(item, signal),
    lookUp: (item, signal) => inner.lookUp(item, signal),
    outcomeOf: (item, reply) => inner.outcomeOf(item, reply),
    foundOf: (item, reply) => inner.foundOf(item, reply),
  };
}
