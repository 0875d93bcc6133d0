import {
  type Amount,
  AmountSums,
  businessDate as businessDateSchema,
  canonicalText,
  localId as localIdSchema,
  PAYLOADS,
  type PayloadOf,
  parseAs,
  parseField,
  SyncError,
} from "@tillsync/protocol";
import { type JournalRow, ordinalOf } from "./journal.ts";
import { type Manifest, manifestOf, reportOf, type ShiftBooks, tallyShift } from "./manifest.ts";
import { type Recording, SHIFT_COLUMNS, taken } from "./recording.ts";
import type { ClosedShift, Shift, ShiftClosing, ShiftOpening } from "./shift-verbs.ts";
import { bodyOf } from "./view.ts";

/**
 * Opens a shift: from now on sales count for its business date. The one that is open, opened again alike, is answered.
 *
 * @throws SyncError SHIFT_ALREADY_OPEN, LOCAL_ID_TAKEN, INVALID_INPUT
 */
export function openShift(recording: Recording, opening: ShiftOpening, makeId: () => string): Shift {
  const current = recording.present.shift;
  if (current) {
    if (opening.localId !== current.localId) throw alreadyOpen(current);
    if (!isSameOpening(recording, current, opening)) throw taken(current.localId);
    return current;
  }
  const localId = parseField("localId", localIdSchema, opening.localId ?? makeId());
  const openedAt = recording.now(opening.occurredAt);
  const businessDate = parseField(
    "businessDate",
    businessDateSchema,
    opening.businessDate ?? recording.desk.dayOf(openedAt),
  );
  if (recording.desk.journal.ofEntity(localId).length > 0) {
    throw new SyncError("LOCAL_ID_TAKEN", `Shift ${localId} was opened before; give a new one an id of its own.`, {
      field: "localId",
    });
  }
  const { operator } = opening;
  const common = { localId, version: 1, shiftId: localId, businessDate, occurredAt: openedAt };
  const { seq } = recording.append({ kind: "shift.opened", ...common, payload: payloadOf(recording, opening) });
  const { ordinal } = recording.present.head;
  const sql =
    "INSERT INTO shift (local_id, operator, business_date, opened_at, ordinal, open_seq) VALUES (?, ?, ?, ?, ?, ?)";
  recording.tx.run(sql, localId, operator, businessDate, openedAt, ordinal, seq);
  const shift = { localId, operator, businessDate, openedAt, closedAt: null, openSeq: seq, closeSeq: null };
  const sequence = recording.desk.journal.lastReceipt(ordinal, businessDate);
  recording.present = { ...recording.present, shift, receipt: { businessDate, sequence } };
  return shift;
}

function alreadyOpen({ operator, businessDate, localId }: Shift): SyncError {
  const message = `A shift of ${operator} for ${businessDate} is open; close it first.`;
  return new SyncError("SHIFT_ALREADY_OPEN", message, { shift: localId, businessDate });
}

function payloadOf({ desk }: Recording, { operator, openingFloatMinor }: ShiftOpening): PayloadOf<"shift.opened"> {
  const float = openingFloatMinor === undefined ? {} : { openingFloatMinor };
  return { operator, currency: desk.currency, ...float };
}

/** The currency of the till's settings may have changed since; the float stays what it was. */
function isSameOpening(recording: Recording, current: Shift, opening: ShiftOpening): boolean {
  const row = recording.desk.journal.ofEntity(current.localId).find(({ kind }) => kind === "shift.opened");
  if (row === undefined) return opening.operator === current.operator;
  const { currency } = bodyOf(row).payload as PayloadOf<"shift.opened">;
  const said = canonicalText({ ...payloadOf(recording, opening), currency });
  const day = opening.businessDate ?? current.businessDate;
  return said === canonicalText(bodyOf(row).payload) && day === current.businessDate;
}

/**
 * Closes the open shift with its manifest, from the till's own bytes and without asking anybody. Open orders stay open.
 * A closing that names its shift can be sent again: the same is answered as before.
 *
 * @throws SyncError SHIFT_NOT_OPEN; SHIFT_ALREADY_CLOSED for another count of a shift that is closed; INVALID_INPUT
 */
export function closeShift(recording: Recording, closing: ShiftClosing): ClosedShift {
  const counted = countedOf(closing, recording.desk.currency);
  const repeated = repeatedClosing(recording, closing, counted);
  if (repeated) return repeated;
  const shift = recording.shift();
  const { localId, businessDate } = shift;
  const closedAt = recording.now(closing.occurredAt);
  const books = booksOf(recording);
  const { head } = recording.present;
  const payload = manifestOf(books, shift, tallyShift(books, head, localId), { operator: closing.operator, counted });
  const version = recording.desk.journal.ofEntity(localId).length + 1;
  const common = { localId, version, shiftId: localId, businessDate, occurredAt: closedAt };
  const { seq: closeSeq } = recording.append({ kind: "shift.closed", ...common, payload });
  recording.tx.run("UPDATE shift SET closed_at = ?, close_seq = ? WHERE local_id = ?", closedAt, closeSeq, localId);
  recording.present = { ...recording.present, shift: null };
  return { ...shift, closedAt, closeSeq, report: reportOf(localId, head.incarnation, payload), duplicate: false };
}

function booksOf({ desk, tx }: Recording): ShiftBooks {
  return { journal: desk.journal, read: tx, printedOf: desk.printedOf };
}

/**
 * What was counted, sorted as manifests are; undefined when nothing was.
 *
 * @throws SyncError INVALID_INPUT
 */
function countedOf({ counted = [] }: ShiftClosing, currency: string): readonly Amount[] | undefined {
  const given = counted.map((one) => ({ ...one, currency: one.currency ?? currency }));
  parseAs(PAYLOADS["shift.closed"].pick({ counted: true }), { counted: given });
  const sums = new AmountSums();
  for (const [index, amount] of given.entries()) {
    const { tender } = amount;
    if (given.findIndex((other) => other.tender === tender && other.currency === amount.currency) < index) {
      const expected = "each currency and tender once";
      const message = `counted: ${expected}; ${amount.currency} ${tender} is there twice.`;
      throw new SyncError("INVALID_INPUT", message, { field: `counted.${index}`, expected, got: tender });
    }
    sums.add(amount);
  }
  return given.length === 0 ? undefined : sums.list();
}

function repeatedClosing(
  recording: Recording,
  { localId, operator }: ShiftClosing,
  counted: readonly Amount[] | undefined,
): ClosedShift | undefined {
  const current = recording.present.shift;
  if (localId === undefined || localId === current?.localId) return undefined;
  parseField("localId", localIdSchema, localId);
  const row = recording.desk.journal.ofEntity(localId).findLast(({ kind }) => kind === "shift.closed");
  const shift = recording.tx.get<Shift>(`SELECT ${SHIFT_COLUMNS} FROM shift WHERE local_id = ?`, localId);
  if (row === undefined || shift === undefined) throw notOpen(localId, current);
  const manifest = manifestIn(row);
  const said = (by: string | undefined, what: unknown) => canonicalText({ operator: by, counted: what });
  if (said(operator, counted) !== said(manifest.operator, manifest.counted)) {
    const message = `Shift ${localId} was closed before with other content; that closing stands.`;
    throw new SyncError("SHIFT_ALREADY_CLOSED", message, { field: "localId", got: localId });
  }
  const incarnation = recording.desk.incarnationOf(ordinalOf(row.position));
  return { ...shift, report: reportOf(localId, incarnation, manifest), duplicate: true };
}

function notOpen(localId: string, current: Shift | null): SyncError {
  const open = current === null ? "None is." : `Shift ${current.localId} of ${current.operator} is.`;
  const details = { field: "localId", got: localId, ...(current === null ? {} : { shift: current.localId }) };
  return new SyncError("SHIFT_NOT_OPEN", `Shift ${localId} is not open on this terminal. ${open}`, details);
}

/** What a closing says. @throws SyncError BODY_DAMAGED */
export function manifestIn(row: JournalRow): Manifest {
  return bodyOf(row).payload as Manifest;
}
