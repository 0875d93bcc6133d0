import { viewOf } from "../oracle/till-view.ts";
import type { Random } from "../random.ts";
import { BEGIN_WALL_MS } from "../till/clock.ts";
import { flipped } from "../till/disk.ts";
import type { Machine } from "../till/machine.ts";
import { type HeadRow, headKey, lifeKey, type StoreTables } from "./tables.ts";

/** What a disk, a bad restore or somebody with SQL does to a row of the centre: nothing of the product is asked. */
export const WAYS_TO_ROT = ["body altered", "hash altered", "body lost"] as const;
export type WayToRot = (typeof WAYS_TO_ROT)[number];

/** The body of a row whose `change_body` is gone. */
export const GONE = "\0gone";

export function rotAtCentre({ heads }: StoreTables, row: HeadRow, way: WayToRot): void {
  heads.set(headKey(row.terminal, row.incarnation, row.seq), { ...row, ...rotten(row, way) });
}

/** What still is under way, or what the till does not know to be there, carries the row again: its altered hash would make a fork of it. */
const OLD_ENOUGH_MS = 120_000;

/**
 * One row of the open shift of a till rots at the centre, so that closing the shift has to find it, and the till's copy has
 * to heal it.
 *
 * @returns what happened to which row; undefined when there is none
 */
export function rotOfOpenShift(
  tables: StoreTables,
  machine: Machine,
  { random, nowMs }: { random: Random; nowMs: number },
): { readonly seq: number; readonly way: WayToRot } | undefined {
  const status = machine.terminal?.status();
  const shift = machine.terminal?.shift();
  if (status === undefined || shift == null) return undefined;
  const { terminal } = machine.options.settings;
  const { lives, entries } = viewOf(machine);
  const own = entries.filter(({ incarnation }) => incarnation === status.incarnation);
  const opened = own.findLast(({ kind, localId }) => kind === "shift.opened" && localId === shift.localId);
  const known = lives.at(-1)?.durableThrough ?? 0;
  const mark = Math.min(known + 1, tables.lives.get(lifeKey(terminal, status.incarnation))?.durableThrough ?? 0);
  const rows = own.flatMap((entry) => {
    const row = tables.heads.get(headKey(terminal, entry.incarnation, entry.seq));
    // Once each: an altered byte that is altered again may be the right one.
    const isSound = entry.intact && !machine.rottenAtCentre.has(`${entry.incarnation}/${entry.seq}`);
    const isOf = opened !== undefined && entry.seq >= opened.seq && entry.seq < mark && isSound;
    return isOf && row && isWhole(row) && row.receivedAtMs < BEGIN_WALL_MS + nowMs - OLD_ENOUGH_MS ? [row] : [];
  });
  const row = rows[random.below(rows.length)];
  if (row === undefined) return undefined;
  const way = random.pick(WAYS_TO_ROT);
  rotAtCentre(tables, row, way);
  machine.rottenAtCentre.add(`${row.incarnation}/${row.seq}`);
  return { seq: row.seq, way };
}

function isWhole({ effect, damaged, repeat }: HeadRow): boolean {
  return effect === "applied" && !damaged && !repeat;
}

function rotten({ body, hash }: HeadRow, way: WayToRot): Partial<HeadRow> {
  switch (way) {
    case "body altered":
      return { body: flipped(body) };
    case "hash altered":
      return { hash: `${hash.startsWith("0") ? "1" : "0"}${hash.slice(1)}` };
    case "body lost":
      return { body: GONE };
  }
}
