import { flipped } from "../till/disk.ts";
import { type HeadRow, headKey, type StoreTables } from "./tables.ts";

/** What a disk, a bad restore or somebody with SQL does to a row of the centre: nothing of the product is asked. */
export const WAYS_TO_ROT = ["body altered", "hash altered", "body lost"] as const;
export type WayToRot = (typeof WAYS_TO_ROT)[number];

/** The body of a row whose `change_body` is gone. */
export const GONE = "\0gone";

export function rotAtCentre({ heads }: StoreTables, row: HeadRow, way: WayToRot): void {
  heads.set(headKey(row.terminal, row.incarnation, row.seq), { ...row, ...rotten(row, way) });
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
