import { type ReferenceData, type Standing, storeOf } from "../centre/reference-data.ts";
import { headKey } from "../centre/tables.ts";
import type { Machine } from "../till/machine.ts";
import type { StoreAtEnd } from "./centre.ts";
import { hasTables } from "./till-view.ts";

interface Copy {
  readonly module: Standing["module"];
  readonly scope: Standing["scope"];
  readonly base: number | null;
  readonly overlay: number | null;
  readonly building: number | null;
  readonly n: number;
  readonly cursor: string | null;
}

const COPIES = "SELECT module, scope, base, overlay, building, n, cursor FROM module_copy WHERE base IS NOT NULL";
const ROWS = "SELECT id, row FROM module_row WHERE generation = ?";

/** I13: what a till reads of a module is, at any moment, all of one state that the centre was in, byte for byte. */
export function checkCopies(machine: Machine, data: ReferenceData): void {
  if (!hasTables(machine)) return;
  const { storeId } = machine.options.caller.scope;
  for (const copy of machine.disk.prepare(COPIES).all() as Copy[]) {
    const rows = rowsOf(machine, copy);
    const states = data.everAt(copy.module, storeOf(copy.scope, storeId), copy.n);
    if (!states.some((state) => isSame(rows, state)))
      violate(machine, `reads ${copy.module} (${copy.scope}) as it never was at ${copy.n}`);
  }
}

/** I13, in the end: every till has what the centre has, and nothing of it is still on its way. */
export function isCurrent(machine: Machine, data: ReferenceData): boolean {
  const copies = machine.disk.prepare(COPIES).all() as Copy[];
  return data.standings(machine.options.caller.scope.storeId).every(({ module, scope, cursor }) => {
    const copy = copies.find((one) => one.module === module && one.scope === scope);
    return copy?.cursor === cursor && copy.overlay === null && copy.building === null;
  });
}

export function checkEqual(machine: Machine, data: ReferenceData): void {
  const copies = machine.disk.prepare(COPIES).all() as Copy[];
  for (const { module, scope, rows } of data.standings(machine.options.caller.scope.storeId)) {
    const copy = copies.find((one) => one.module === module && one.scope === scope);
    if (copy === undefined || !isSame(rowsOf(machine, copy), rows))
      violate(machine, `has other ${module} (${scope}) than the centre`);
  }
}

/** What is read: the base, with the overlay over it. */
function rowsOf(machine: Machine, { base, overlay }: Copy): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  for (const generation of [base, overlay]) {
    if (generation === null) continue;
    for (const { id, row } of machine.disk.prepare(ROWS).all(generation) as { id: string; row: string | null }[]) {
      if (row === null) rows.delete(id);
      else rows.set(id, row);
    }
  }
  return rows;
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([id, text]) => other.get(id) === text);
}

interface Line {
  readonly item: string;
  readonly unitPrice: string;
  readonly priceVersion?: string;
}

/** I13: the price list that a line names was there, and had that price for that item. */
export function checkPrices({ storeId, machines, tables, chronicle }: StoreAtEnd, data: ReferenceData): void {
  const tills = new Map(machines.map(({ options }) => [options.settings.terminal, options.settings.currency]));
  for (const { terminal, incarnation, seq, kind, damaged, body } of tables.heads.values()) {
    const currency = tills.get(terminal);
    if (kind !== "order.closed" || damaged || currency === undefined) continue;
    const { payload } = JSON.parse(body) as { payload: { lines: readonly Line[] } };
    for (const { item, unitPrice, priceVersion } of payload.lines) {
      const [, ofStore, n] = /^prices(\.store)?@(\d+)$/.exec(priceVersion ?? "") ?? [];
      if (n === undefined) continue;
      const states = data.everAt("prices", ofStore === undefined ? 0 : storeId, Number(n));
      if (states.some((state) => hasPrice(state, { item, unitPrice, currency }))) continue;
      const place = headKey(terminal, incarnation, seq);
      chronicle.violate("I13", `${place} sells ${item} for ${unitPrice} by ${priceVersion}, which never said so`);
    }
  }
}

function hasPrice(state: ReadonlyMap<string, string>, wanted: { item: string; unitPrice: string; currency: string }) {
  return [...state.values()].some((text) => {
    const { itemId, price, currency } = JSON.parse(text) as { itemId: string; price: string; currency: string };
    return itemId === wanted.item && price === wanted.unitPrice && currency === wanted.currency;
  });
}

function violate(machine: Machine, what: string): void {
  machine.options.chronicle.violate("I13", `${machine.name} ${what}`);
}
