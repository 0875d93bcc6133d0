import { type Canonical, canonicalText } from "../canonical.ts";
import { compareStamps, type Stamp } from "./stamp.ts";

/** A value of a field; null is a field that is not there. */
export type FieldValue = Canonical;

export interface Written {
  readonly value: FieldValue;
  readonly stamp: Stamp;
}

/** Whether the record is deleted: a field like any other, so that deleting and creating merge as everything does. */
export const DELETED = "deleted";

/** A record that several terminals write: who wrote each field last, and totals that everybody only adds to. */
export interface SharedRecord {
  readonly fields: Readonly<Record<string, Written>>;
  readonly totals: Readonly<Record<string, number>>;
}

export const NO_RECORD: SharedRecord = { fields: {}, totals: {} };

/** One edit of a record, made on one terminal. */
export interface RecordEdit {
  readonly stamp: Stamp;
  /** What fields are set to. */
  readonly set: Readonly<Record<string, FieldValue>>;
  /** What their author saw in them before; a field that is missing here was not there. */
  readonly base: Readonly<Record<string, FieldValue>>;
  /** What totals change by. They commute: no edit of a total loses. */
  readonly add: Readonly<Record<string, number>>;
}

/**
 * Who stands when two have written one field without seeing each other's. `per-field`: the last one, by `effectiveAt`.
 * `client-wins`: the one that comes to the centre last. `server-wins`: the one that the centre has. `manual`: that one too,
 * until a person has decided.
 */
export type MergePolicy = "per-field" | "client-wins" | "server-wins" | "manual";
export const MERGE_POLICIES: readonly MergePolicy[] = ["per-field", "client-wins", "server-wins", "manual"];

/** A write that does not stand, though whoever made the one that does had not seen it. */
export interface Loss {
  readonly field: string;
  readonly lost: Written;
  readonly stands: Written;
  /** True when what stands is no other value of the field, but that the record is deleted. */
  readonly isHidden: boolean;
}

/**
 * Merges one edit into a record. Under `per-field` the record does not depend on the order in which edits come; under
 * every policy each value that somebody wrote either stands, or was seen by who replaced it, or is in `losses`.
 */
export function mergeEdit(
  record: SharedRecord,
  edit: RecordEdit,
  policy: MergePolicy = "per-field",
): { readonly record: SharedRecord; readonly losses: readonly Loss[] } {
  const fields = { ...record.fields };
  const losses: Loss[] = [];
  for (const [field, value] of Object.entries(edit.set)) {
    const next: Written = { value, stamp: edit.stamp };
    const standing = own(fields, field);
    const isSeen = standing === undefined || isSame(standing.value, own(edit.base, field) ?? null);
    if (standing !== undefined && !replaces(next, standing, isSeen, policy)) {
      if (!isSame(standing.value, value)) losses.push({ field, lost: next, stands: standing, isHidden: false });
      continue;
    }
    fields[field] = next;
    if (standing !== undefined && !isSeen && !isSame(standing.value, value))
      losses.push({ field, lost: standing, stands: next, isHidden: false });
  }
  losses.push(...hidden(fields, edit));
  const totals = { ...record.totals };
  for (const [name, delta] of Object.entries(edit.add)) totals[name] = (own(totals, name) ?? 0) + delta;
  return { record: { fields, totals }, losses };
}

/** Equal values count as the later write, so that two tills that agree leave the same stamp in either order. */
function replaces(next: Written, standing: Written, isSeen: boolean, policy: MergePolicy): boolean {
  if (policy === "client-wins") return true;
  if (policy === "per-field") return compareStamps(next.stamp, standing.stamp) > 0;
  return isSeen;
}

/**
 * What an edit and a deletion hide from each other: values written into a record that stays deleted, and values that who
 * deleted it had not seen.
 */
function hidden(fields: Readonly<Record<string, Written>>, edit: RecordEdit): Loss[] {
  const deletion = own(fields, DELETED);
  if (deletion === undefined || deletion.value !== true) return [];
  const isTheDeletion = compareStamps(deletion.stamp, edit.stamp) === 0;
  const written = Object.entries(fields).filter(([field, { stamp, value }]) => {
    if (field === DELETED || value === null) return false;
    if (!isTheDeletion) return compareStamps(stamp, edit.stamp) === 0;
    return !isSame(value, own(edit.base, field) ?? null);
  });
  return written.map(([field, lost]) => ({ field, lost, stands: deletion, isHidden: true }));
}

/** The fields of the record as people see them; undefined when it is deleted, or nobody has written any. */
export function visible(record: SharedRecord): Readonly<Record<string, FieldValue>> | undefined {
  if (own(record.fields, DELETED)?.value === true) return undefined;
  const written = Object.entries(record.fields).filter(([field, { value }]) => field !== DELETED && value !== null);
  return written.length === 0 ? undefined : Object.fromEntries(written.map(([field, { value }]) => [field, value]));
}

export function isSame(one: FieldValue, other: FieldValue): boolean {
  return one === other || canonicalText(one) === canonicalText(other);
}

/** Names come from outside; `constructor` is one like any other. */
function own<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
