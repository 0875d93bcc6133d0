import { type HeadRow, headKey, type StoreTables } from "./centre/tables.ts";
import { closingsOf } from "./oracle/settlement.ts";
import { type Entry, hasTables, viewOf } from "./oracle/till-view.ts";
import type { Random } from "./random.ts";
import type { Machine } from "./till/machine.ts";

const LIFE_SPAN = 2 ** 40;

/**
 * Loses, alters or doubles the private part of a change, at its till or at the centre: one that its shift's settlement has
 * yet to look at, for that is what finds it.
 */
export function rotPrivate(machine: Machine, tables: StoreTables, random: Random): void {
  if (!hasTables(machine)) return;
  const view = viewOf(machine);
  const closed = closingsOf(view);
  const isOpen = (entry: Entry) => !closed.some(({ ordinal, seq }) => ordinal === entry.ordinal && seq >= entry.seq);
  // Most changes have none: one in four of the strikes doubles one into such a row.
  const wanted = random.chance(0.75);
  const entry = pickFrom(
    random,
    view.entries.filter((one) => (one.private !== null) === wanted && isOpen(one) && !one.isRetired),
  );
  if (entry === undefined) return;
  const another = view.entries.find((one) => one.private !== null && one.seq !== entry.seq)?.private ?? "{}";
  const text = entry.private === null ? another : random.pick([null, another, `${entry.private} `]);
  const key = headKey(machine.options.settings.terminal, entry.incarnation, entry.seq);
  const head = tables.heads.get(key);
  const atCentre = head?.effect === "applied" && head.origin === null && random.chance(0.5);
  if (atCentre) tables.heads.set(key, { ...head, private: text } satisfies HeadRow);
  else
    machine.disk
      .prepare("UPDATE journal SET private = ? WHERE position = ?")
      .run(text, entry.ordinal * LIFE_SPAN + entry.seq);
  machine.rottenPrivate.add(`${entry.incarnation}/${entry.seq}`);
  machine.options.chronicle.hit(atCentre ? "centre.private-rot" : "till.private-rot", machine.name, entry.seq);
}

function pickFrom<T>(random: Random, items: readonly T[]): T | undefined {
  return items[random.below(Math.max(1, items.length))];
}
