import {
  type CustomerEdited,
  canonicalText,
  customerPrivate,
  type FieldValue,
  isSame,
  localId as localIdSchema,
  MAX_EDIT_FIELDS,
  offsetBehind,
  parseField,
  readCustomerEdit,
  readRow,
  recordField,
  SyncError,
} from "@tillsync/protocol";
import { type JournalRow, positionOf } from "../journal.ts";
import { type Recording, taken } from "../recording.ts";
import type { Recorded } from "../verbs.ts";
import { bodyOf } from "../view.ts";
import { clockOffsetMs, customerRecord, type Fields, noteEdit } from "./edits.ts";
import { type CustomerView, customerView } from "./look-up.ts";

/** An edit of a customer: only the fields that change. The first one makes the customer, under the caller's id. */
export interface CustomerDraft {
  readonly id: string;
  /** What fields are set to; null takes one away. As the module `customers` has them. */
  readonly set?: Fields | undefined;
  /** What totals such as points change by; then `editId` is needed, so that a repeat counts once. */
  readonly add?: Readonly<Record<string, number>> | undefined;
  /** The customer is to be deleted. It stays so, whoever edits it elsewhere meanwhile. */
  readonly deleted?: true | undefined;
  readonly editId?: string | undefined;
  readonly operator?: string | undefined;
  readonly reason?: string | undefined;
  readonly occurredAt?: string | undefined;
}

/** Undefined for one that is not known here, or was deleted. */
export function customerOf(recording: Recording, id: string): CustomerView | undefined {
  return customerView(recording.tx, id, recording.desk.askedAt());
}

/**
 * Records an edit of a customer, in a shift or outside one. It is seen at this till at once, and by others once the centre
 * has merged it: field by field, with what they changed. The same edit again writes nothing.
 *
 * @throws SyncError INVALID_INPUT naming the field; NOT_FOUND for a deletion of one that is not there; LOCAL_ID_TAKEN for an
 *   `editId` that was used for another edit of this customer
 */
export function editCustomer(recording: Recording, draft: CustomerDraft): Recorded {
  const id = parseField("id", localIdSchema, draft.id);
  const edits = recording.desk.journal.ofEntity(id).filter(({ kind }) => kind === "customer.edited");
  const { fields: before } = customerRecord(recording.tx, id, recording.desk.askedAt());
  const { set, add } = checked(draft);
  const known = repeated(recording, edits, { draft, set, add, before });
  if (known) return known;
  if (draft.deleted === true && before === undefined)
    throw new SyncError("NOT_FOUND", "This till knows no customer with this id.", { field: "id" });
  const changed = draft.deleted === true ? {} : changedOf(set, before ?? {});
  if (draft.deleted !== true) checkRow(id, before ?? {}, changed);
  const base = draft.deleted === true ? (before ?? {}) : seenOf(changed, before ?? {});
  const occurredAt = recording.now(draft.occurredAt);
  const { shift } = recording.present;
  const { editId, operator, reason } = draft;
  const payload = withoutAbsent({
    fields: Object.keys(changed),
    exists: draft.deleted === true ? false : before === undefined ? true : undefined,
    add: add.length === 0 ? undefined : add,
    clockOffsetMs: offsetOf(recording, edits.at(-1), occurredAt),
    ...{ editId, operator, reason },
  }) as CustomerEdited;
  const recorded = recording.append({
    kind: "customer.edited",
    localId: id,
    version: edits.length + 1,
    shiftId: shift?.localId,
    businessDate: shift?.businessDate ?? recording.desk.dayOf(occurredAt),
    occurredAt,
    payload,
    private: customerPrivate(changed, base),
  });
  noteEdit(recording.tx, positionOf(recording.present.head.ordinal, recorded.seq), id);
  return recorded;
}

type Added = readonly { readonly field: string; readonly delta: number }[];

function checked({ set = {}, add = {}, deleted, editId }: CustomerDraft): { set: Fields; add: Added } {
  for (const field of [...Object.keys(set), ...Object.keys(add)]) parseField("set", recordField, field);
  if ("id" in set || "deleted" in set)
    throw invalid("set", "fields of a customer, without id and deleted", "one of these");
  if (Object.keys(set).length > MAX_EDIT_FIELDS) throw invalid("set", `at most ${MAX_EDIT_FIELDS} fields`, "more");
  const deltas = Object.entries(add).map(([field, delta]) => ({ field, delta }));
  if (deltas.length > 0 && editId === undefined)
    throw invalid("editId", "an id of this edit, so that what it adds counts once", "nothing");
  if (deltas.length + Object.keys(set).length === 0 && deleted !== true)
    throw invalid("set", "one field at least", "none");
  if (deleted === true && Object.keys(set).length > 0) throw invalid("set", "nothing beside deleted", "fields");
  return { set, add: deltas.sort((one, other) => (one.field < other.field ? -1 : 1)) };
}

interface Wanted {
  readonly draft: CustomerDraft;
  readonly set: Fields;
  readonly add: Added;
  readonly before: Fields | undefined;
}

/** The edit of this id, or the last one when it said the same and that is how the customer stands. */
function repeated(recording: Recording, edits: readonly JournalRow[], wanted: Wanted): Recorded | undefined {
  const { draft, set, add, before } = wanted;
  if (draft.editId !== undefined) {
    const same = edits.find((row) => payloadOf(row).editId === draft.editId);
    if (same === undefined) return undefined;
    if (!isSaid(recording, same, set) || canonicalText(payloadOf(same).add ?? []) !== canonicalText(add))
      throw taken(draft.id);
    return recording.duplicateOf(same);
  }
  const last = edits.at(-1);
  if (last === undefined || payloadOf(last).add !== undefined) return undefined;
  if (draft.deleted === true)
    return before === undefined && payloadOf(last).exists === false ? recording.duplicateOf(last) : undefined;
  const stands = before !== undefined && Object.keys(changedOf(set, before)).length === 0;
  return stands && payloadOf(last).exists !== false ? recording.duplicateOf(last) : undefined;
}

/** Whether a recorded edit says of these fields what is said now; of one whose values its disk has lost, that it was of them. */
function isSaid(recording: Recording, row: JournalRow, set: Fields): boolean {
  if (row.private !== null && recording.desk.journal.privatePart(row) !== "whole")
    return (payloadOf(row).fields ?? []).every((field) => field in set);
  const was = Object.entries(editOf(row).set);
  return was.every(([field, value]) => field === "deleted" || isSame(value, set[field] ?? null));
}

function payloadOf(row: JournalRow): CustomerEdited {
  return bodyOf(row).payload as CustomerEdited;
}

function editOf(row: JournalRow) {
  const nowhere = { effectiveAtMs: 0, terminal: "", incarnation: "", seq: 0 };
  return readCustomerEdit(payloadOf(row), row.private, nowhere);
}

function changedOf(set: Fields, before: Fields): Fields {
  const changed = Object.entries(set).filter(([field, value]) => !isSame(value, before[field] ?? null));
  return Object.fromEntries(changed);
}

function seenOf(changed: Fields, before: Fields): Fields {
  const seen = Object.keys(changed).flatMap((field) =>
    before[field] === undefined ? [] : [[field, before[field]] as const],
  );
  return Object.fromEntries(seen);
}

/** What comes out of it has to be a customer, or no till could read it. */
function checkRow(id: string, before: Fields, changed: Fields): void {
  const fields = Object.entries<FieldValue>({ ...before, ...changed }).filter(([, value]) => value !== null);
  readRow("customers", { ...Object.fromEntries(fields), id });
}

/** As measured; more when the till's clock went back, so that this edit comes after its last one of this customer. */
function offsetOf(recording: Recording, last: JournalRow | undefined, occurredAt: string): number | undefined {
  const measured = clockOffsetMs(recording.tx);
  if (last === undefined) return measured;
  const { occurredAt: lastAt } = bodyOf(last) as unknown as { occurredAt: string };
  const lastMs = Date.parse(lastAt) + (payloadOf(last).clockOffsetMs ?? 0);
  return offsetBehind(lastMs, { occurredAtMs: Date.parse(occurredAt), clockOffsetMs: measured });
}

function withoutAbsent(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function invalid(field: string, expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field}: ${expected}; got ${got}.`, { field, expected, got });
}
