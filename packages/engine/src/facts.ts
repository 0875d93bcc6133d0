import {
  businessDate as businessDateSchema,
  localId as localIdSchema,
  type PayloadOf,
  parseField,
  SyncError,
} from "@tillsync/protocol";
import { manifestOf } from "./manifest.ts";
import type { Recording } from "./recording.ts";
import type { InventoryDraft, Recorded, Shift, ShiftOpening, TransactionDraft } from "./verbs.ts";

/** Records money or stock moved outside an order. @throws SyncError INVALID_INPUT, SHIFT_NOT_OPEN, LOCAL_ID_TAKEN */
export function recordTransaction(recording: Recording, draft: TransactionDraft): Recorded {
  const { localId, occurredAt, private: fields, ...rest } = draft;
  const payload = { ...rest, currency: draft.currency ?? recording.desk.currency } as PayloadOf<"transaction.recorded">;
  const known = recording.repeated(entity(recording, localId), "transaction.recorded", () => payload);
  if (known) return known;
  const shift = recording.shift();
  return recording.append(
    {
      kind: "transaction.recorded",
      localId,
      version: 1,
      shiftId: shift.localId,
      businessDate: shift.businessDate,
      occurredAt: recording.now(occurredAt),
      payload,
      private: fields,
    },
    { totalMinor: payload.amountMinor },
  );
}

/** Records a stock movement, in a shift or outside one. @throws SyncError INVALID_INPUT, LOCAL_ID_TAKEN */
export function recordInventory(recording: Recording, draft: InventoryDraft): Recorded {
  const { localId, occurredAt, ...payload } = draft;
  const known = recording.repeated(entity(recording, localId), "inventory.updated", () => payload);
  if (known) return known;
  const { shift } = recording.present;
  const at = recording.now(occurredAt);
  return recording.append({
    kind: "inventory.updated",
    localId,
    version: 1,
    shiftId: shift?.localId,
    businessDate: shift?.businessDate ?? localDate(at, recording.desk.timeZone),
    occurredAt: at,
    payload: payload as PayloadOf<"inventory.updated">,
  });
}

function entity(recording: Recording, localId: string) {
  return recording.desk.journal.ofEntity(parseField("localId", localIdSchema, localId));
}

/** The calendar day of a moment where the store is. */
export function localDate(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    new Date(at),
  );
}

/** Opens a shift: from now on sales count for its business date. @throws SyncError SHIFT_ALREADY_OPEN, INVALID_INPUT */
export function openShift(recording: Recording, opening: ShiftOpening, makeId: () => string): Shift {
  const current = recording.present.shift;
  if (current) {
    if (opening.localId === current.localId) return current;
    throw new SyncError(
      "SHIFT_ALREADY_OPEN",
      `A shift of ${current.operator} for ${current.businessDate} is open; close it first.`,
      {
        shift: current.localId,
        businessDate: current.businessDate,
      },
    );
  }
  const localId = parseField("localId", localIdSchema, opening.localId ?? makeId());
  const openedAt = recording.now(opening.occurredAt);
  const businessDate = parseField(
    "businessDate",
    businessDateSchema,
    opening.businessDate ?? localDate(openedAt, recording.desk.timeZone),
  );
  const { operator, openingFloatMinor } = opening;
  const float = openingFloatMinor === undefined ? {} : { openingFloatMinor };
  const payload = { operator, currency: recording.desk.currency, ...float };
  if (entity(recording, localId).length > 0) {
    throw new SyncError("LOCAL_ID_TAKEN", `Shift ${localId} was opened before; give a new one an id of its own.`, {
      field: "localId",
    });
  }
  const change = {
    kind: "shift.opened",
    localId,
    version: 1,
    shiftId: localId,
    businessDate,
    occurredAt: openedAt,
    payload,
  } as const;
  const { seq } = recording.append(change);
  const { ordinal } = recording.present.head;
  recording.tx.run(
    "INSERT INTO shift (local_id, operator, business_date, opened_at, ordinal, open_seq) VALUES (?, ?, ?, ?, ?, ?)",
    localId,
    operator,
    businessDate,
    openedAt,
    ordinal,
    seq,
  );
  const shift = { localId, operator, businessDate, openedAt, closedAt: null, openSeq: seq, closeSeq: null };
  const sequence = recording.desk.journal.lastReceipt(ordinal, businessDate);
  recording.present = { ...recording.present, shift, receipt: { businessDate, sequence } };
  return shift;
}

/** Closes the open shift with its manifest. @throws SyncError SHIFT_NOT_OPEN */
export function closeShift(
  recording: Recording,
  closing: { operator?: string | undefined; occurredAt?: string | undefined },
): Shift {
  const shift = recording.shift();
  const { journal } = recording.desk;
  const closedAt = recording.now(closing.occurredAt);
  const payload = manifestOf(journal, recording.present.head, shift, closing.operator);
  const { localId, businessDate } = shift;
  const version = entity(recording, localId).length + 1;
  recording.append({
    kind: "shift.closed",
    localId,
    version,
    shiftId: localId,
    businessDate,
    occurredAt: closedAt,
    payload,
  });
  const closeSeq = recording.present.head.seq;
  recording.tx.run("UPDATE shift SET closed_at = ?, close_seq = ? WHERE local_id = ?", closedAt, closeSeq, localId);
  recording.present = { ...recording.present, shift: null };
  return { ...shift, closedAt, closeSeq };
}
