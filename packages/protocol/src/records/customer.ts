import { z } from "zod";
import { type Canonical, canonicalText, parseCanonical } from "../canonical.ts";
import { SyncError } from "../errors.ts";
import { DELETED, type FieldValue, type RecordEdit } from "./merge.ts";
import type { Stamp } from "./stamp.ts";

const text = (max: number) => z.string().min(1).max(max);

/** A name of a field of a shared record. */
export const recordField = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "a name of letters, digits and _");

/** Fields that one edit may write, and totals that it may change. */
export const MAX_EDIT_FIELDS = 50;

/**
 * A customer as a terminal created, edited or deleted it: the fields that were changed, not the whole record. What they
 * say is personal, all of it, and stands in the private part; here are only their names.
 */
export const customerEdited = z.strictObject({
  /** Names of the fields in the private part. */
  fields: z.array(recordField).max(MAX_EDIT_FIELDS).optional(),
  /** `true`: it makes the customer; `false`: it deletes it. Absent: it changes one that is there. */
  exists: z.boolean().optional(),
  /** What totals such as loyalty points or credit change by, each once, sorted. Not personal: they count on after an erasure. */
  add: z
    .array(z.strictObject({ field: recordField, delta: z.int() }))
    .max(MAX_EDIT_FIELDS)
    .optional(),
  /**
   * By how many milliseconds the centre's clock is ahead of the till's, as the till last measured it; absent before its
   * first answer. Where the till's clock went back since its last edit of this customer, as much more as keeps their order.
   */
  clockOffsetMs: z.int().optional(),
  /** Makes the edit repeatable: the same id again on the same customer writes nothing. */
  editId: text(64).optional(),
  operator: text(64).optional(),
  reason: text(256).optional(),
});

export type CustomerEdited = z.infer<typeof customerEdited>;

type Fields = Readonly<Record<string, FieldValue>>;

/** The private part of an edit: what its fields are set to, and what its author saw in them before. */
export function customerPrivate(set: Fields, base: Fields): Readonly<Record<string, string>> {
  return { base: canonicalText(base), set: canonicalText(set) };
}

/** An edit as it is merged. Fields whose private part is gone, because it was erased, are not in it any more. */
export function readCustomerEdit(payload: CustomerEdited, privatePart: string | null, stamp: Stamp): RecordEdit {
  const { set, base } = privatePart === null ? { set: {}, base: {} } : readPrivate(privatePart);
  const named = new Set(payload.fields ?? []);
  const fields = Object.entries(set).filter(([field]) => named.has(field) && field !== DELETED);
  const deleted = payload.exists === undefined ? [] : [[DELETED, payload.exists ? null : true] as const];
  const add = Object.fromEntries((payload.add ?? []).map(({ field, delta }) => [field, delta]));
  return { stamp, set: Object.fromEntries([...fields, ...deleted]), base, add };
}

function readPrivate(privatePart: string): { set: Fields; base: Fields } {
  try {
    const { fields } = parseCanonical(privatePart) as { fields: { set?: string; base?: string } };
    return { set: objectOf(fields.set), base: objectOf(fields.base) };
  } catch (error) {
    if (!(error instanceof SyncError || error instanceof TypeError)) throw error;
    return { set: {}, base: {} }; // Bytes that fit their hash and are no edit: whoever wrote them wrote nothing.
  }
}

function objectOf(fields: string | undefined): Fields {
  const value = fields === undefined ? {} : (parseCanonical(fields) as Canonical);
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : {};
}
