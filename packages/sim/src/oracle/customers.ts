import type { Lost } from "@tillsync/server/records";
import { type HeadRow, headKey } from "../centre/tables.ts";
import type { Chronicle } from "../chronicle.ts";
import type { HeadOfficeData } from "../head-office-data.ts";
import type { Shop } from "../shop.ts";
import { isPrivateRight } from "./private-parts.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One edit of a customer, as its change says. */
interface Edit {
  readonly place: string;
  readonly id: string;
  /** Later ones sort behind: time, terminal, life, number. */
  readonly order: readonly [number, string, string, number];
  readonly set: Fields;
  readonly base: Fields;
  readonly add: readonly { readonly field: string; readonly delta: number }[];
}

/** The name under which an edit says that the customer is no more; null makes it again. */
const GONE = "deleted";

/**
 * I16 of customers, by the words of design section 2 and without the code that merges: the last write of each field
 * stands, sums count every delta once, and a value that does not stand was seen by who replaced it, or is kept.
 */
export function checkCustomers(shop: Shop, data: HeadOfficeData, chronicle: Chronicle): void {
  const heads = shop.storeIds.flatMap((storeId) => [...shop.database.store(storeId).heads.values()]);
  const applied = heads.filter(({ kind, effect }) => kind === "customer.edited" && effect === "applied");
  // What somebody wrote in bytes that went bad, nobody can hold against what stands.
  const unknown = new Set(applied.filter((head) => !isWhole(shop, head)).map(({ localId }) => localId ?? ""));
  const edits = applied.filter(({ localId }) => !unknown.has(localId ?? "")).map(editOf);
  const { merged, states, lost } = data.customers.tables;
  for (const { place, id } of edits)
    if (!merged.has(place)) chronicle.violate("I16", `edit ${place} of ${id} was never merged`);
  for (const [id, own] of Map.groupBy(edits, (edit) => edit.id)) {
    const wanted = standing(own);
    const row = data.reference.row("customers", 0, id)?.text ?? null;
    if (!isSame(row === null ? null : JSON.parse(row), wanted && { id, name: "", ...wanted }))
      chronicle.violate("I16", `customer ${id} is ${row}; by its edits it is ${JSON.stringify(wanted)}`);
    if (!isSame(states.get(id)?.totals ?? {}, sums(own)))
      chronicle.violate("I16", `customer ${id} adds up to ${JSON.stringify(states.get(id)?.totals)}`);
    checkKept(own, lost, chronicle);
  }
}

function checkKept(edits: readonly Edit[], lost: readonly Lost[], chronicle: Chronicle): void {
  const kept = new Set(
    lost.flatMap(({ lost: { terminal, incarnation, seq }, local }) =>
      Object.keys(local).map((field) => `${headKey(terminal, incarnation, seq)} ${field}`),
    ),
  );
  for (const { place, id, set } of edits) {
    for (const [field, value] of Object.entries(set)) {
      const stands = lastOf(edits, field)?.set[field];
      const isSeen = edits.some((other) => other.place !== place && isSame(other.base[field] ?? null, value));
      if (isSame(stands, value) || isSeen || kept.has(`${place} ${field}`) || field === GONE) continue;
      chronicle.violate("I16", `${field} of ${id}, written by ${place}, does not stand and is not kept`);
    }
  }
}

/** Undefined for a customer that is no more. */
function standing(edits: readonly Edit[]): Fields | null {
  if (lastOf(edits, GONE)?.set[GONE] === true) return null;
  const fields = new Set(edits.flatMap(({ set }) => Object.keys(set)).filter((field) => field !== GONE));
  const values = [...fields].map((field) => [field, lastOf(edits, field)?.set[field] ?? null] as const);
  const written = values.filter(([, value]) => value !== null);
  return written.length === 0 ? null : Object.fromEntries(written);
}

function lastOf(edits: readonly Edit[], field: string): Edit | undefined {
  return edits.filter(({ set }) => Object.hasOwn(set, field)).reduce<Edit | undefined>(later, undefined);
}

function later(one: Edit | undefined, other: Edit): Edit {
  if (one === undefined) return other;
  for (const [index, value] of one.order.entries()) {
    const against = other.order[index] ?? value;
    if (against !== value) return against > value ? other : one;
  }
  return one;
}

function sums(edits: readonly Edit[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const { field, delta } of edits.flatMap(({ add }) => add)) totals[field] = (totals[field] ?? 0) + delta;
  return totals;
}

function isWhole(shop: Shop, { incarnation, seq, damaged, body, private: secret }: HeadRow): boolean {
  const place = `${incarnation}/${seq}`;
  const wentBad = shop.machines.some((machine) =>
    [machine.rotten, machine.rottenPrivate, machine.rottenAtCentre].some((places) => places.has(place)),
  );
  return !wentBad && !damaged && isPrivateRight(body, secret);
}

function editOf({ terminal, incarnation, seq, localId, receivedAtMs, body, private: secret }: HeadRow): Edit {
  const { occurredAt, payload } = JSON.parse(body) as {
    occurredAt: string;
    payload: { clockOffsetMs?: number; exists?: boolean; add?: Edit["add"] };
  };
  const atMs = Math.min(Date.parse(occurredAt) + (payload.clockOffsetMs ?? 0), receivedAtMs);
  const { set, base } = (JSON.parse(secret ?? "{}") as { fields?: { set: string; base: string } }).fields ?? {};
  const gone = payload.exists === undefined ? {} : { [GONE]: payload.exists ? null : true };
  return {
    place: headKey(terminal, incarnation, seq),
    id: localId ?? "",
    order: [atMs, terminal, incarnation, seq],
    set: { ...(JSON.parse(set ?? "{}") as Fields), ...gone },
    base: JSON.parse(base ?? "{}") as Fields,
    add: payload.add ?? [],
  };
}

function isSame(one: unknown, other: unknown): boolean {
  return sorted(one) === sorted(other);
}

function sorted(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "";
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
