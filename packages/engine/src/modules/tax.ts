import type { RowOf } from "@tillsync/protocol";
import { taxKey } from "./keys.ts";
import type { Found, Layers } from "./layers.ts";

type Tax = RowOf<"taxes">;

/** Taxes that replace one tax directly, past and future; a rate changes a few times in a decade. */
const MAX_REPLACEMENTS = 100;

/**
 * The tax that an item's `taxId` means at this moment: of the one of that id and all that replace it, one after the other
 * too, the one that holds and began last. So a rate of tomorrow takes over by itself, offline, and no item is touched.
 * Where none holds it is the one that the item names: a rate of yesterday is nearer than no tax.
 */
export function taxAt(taxes: Layers<"taxes">, taxId: string, atMs: number): Tax | undefined {
  const named = taxes.byId(taxId);
  const all = new Map<string, Found<"taxes">>(named === undefined ? [] : [[taxId, named]]);
  const toFollow = [taxId];
  for (const id of toFollow) {
    const next = taxes.byKey(taxKey(id), MAX_REPLACEMENTS, (row) => row.replaces === id);
    for (const found of next.filter(({ row }) => !all.has(row.id))) {
      all.set(found.row.id, found);
      toFollow.push(found.row.id);
    }
  }
  const holding = [...all.values()].map(({ row }) => row).filter((row) => holds(row, atMs));
  return holding.toSorted((one, other) => began(other) - began(one) || (one.id < other.id ? -1 : 1))[0] ?? named?.row;
}

function began({ effectiveFrom }: Tax): number {
  return effectiveFrom === undefined ? 0 : Date.parse(effectiveFrom);
}

function holds(row: Tax, atMs: number): boolean {
  return began(row) <= atMs && (row.effectiveTo === undefined || atMs < Date.parse(row.effectiveTo));
}
