import {
  checkTotals,
  formatReceiptNumber,
  type LineEvent,
  lineAmountMinor,
  localId as localIdSchema,
  type OrderClosed,
  type OrderEdited,
  type OrderLine,
  parseAs,
  SyncError,
} from "@tillsync/protocol";
import type { Recording } from "./recording.ts";
import type { LineDraft, OrderDraft, OrderEdit, Payment, Recorded } from "./verbs.ts";
import { bodyOf, type Folded, foldOrder } from "./view.ts";

/**
 * Closes an order at once: lines, tenders, receipt number and change in the caller's transaction.
 *
 * @throws SyncError INVALID_INPUT, TOTALS_MISMATCH, SHIFT_NOT_OPEN, LOCAL_ID_TAKEN, TOO_LARGE
 */
export function closeOrder(recording: Recording, draft: OrderDraft): Recorded {
  parseAs(localIdSchema, draft.localId);
  const rows = recording.desk.journal.ofEntity(draft.localId);
  if (rows.length > 0) return closeKnown(recording, draft, rows.at(-1)?.version ?? 0);
  return close(recording, draft, 1);
}

function closeKnown(recording: Recording, draft: OrderDraft, version: number): Recorded {
  const rows = recording.desk.journal.ofEntity(draft.localId);
  if (foldOrder(rows)?.state === "open") return close(recording, draft, version + 1);
  const repeated = recording.repeated(rows, "order.closed", (stored) =>
    documentOf(recording, draft, String(stored.receiptNumber)),
  );
  if (repeated) return repeated;
  throw new SyncError("ORDER_NOT_OPEN", `Order ${draft.localId} is no longer open.`, { field: "localId" });
}

function close(recording: Recording, draft: OrderDraft, version: number): Recorded {
  const shift = recording.shift();
  const counted = recording.present.receipt;
  const sequence = (counted?.businessDate === shift.businessDate ? counted.sequence : 0) + 1;
  const receiptNumber = formatReceiptNumber({
    terminal: recording.desk.printed,
    businessDate: shift.businessDate,
    sequence,
  });
  const payload = documentOf(recording, draft, receiptNumber);
  checkTotals(payload);
  refuseSecondVoid(recording, payload, draft.localId);
  const recorded = recording.append(
    {
      kind: "order.closed",
      localId: draft.localId,
      version,
      shiftId: shift.localId,
      businessDate: shift.businessDate,
      occurredAt: recording.now(draft.occurredAt),
      payload,
      receiptSequence: sequence,
      private: draft.private,
    },
    { receiptNumber, totalMinor: payload.totalMinor },
  );
  recording.present = { ...recording.present, receipt: { businessDate: shift.businessDate, sequence } };
  if (version > 1) recording.tx.run("DELETE FROM open_order WHERE local_id = ?", draft.localId);
  return recorded;
}

/** One sale is taken back once, whatever ids the void documents carry. @throws SyncError ALREADY_VOIDED */
function refuseSecondVoid({ tx }: Recording, { documentType, original }: OrderClosed, byLocalId: string): void {
  if (documentType !== "void" || original?.localId === undefined) return;
  const taken = tx.get<{ by: string }>(
    "SELECT by_local_id AS by FROM voided_order WHERE local_id = ?",
    original.localId,
  );
  if (taken) {
    throw new SyncError("ALREADY_VOIDED", `Order ${original.localId} was already taken back by ${taken.by}.`, {
      field: "original.localId",
      by: taken.by,
    });
  }
  tx.run("INSERT INTO voided_order (local_id, by_local_id) VALUES (?, ?)", original.localId, byLocalId);
}

function documentOf(recording: Recording, draft: OrderDraft, receiptNumber: string): OrderClosed {
  const { localId: _id, occurredAt: _at, private: _private, lines: lineDrafts, tenders, taxes, ...rest } = draft;
  const currency = draft.currency ?? recording.desk.currency;
  const lines = lineDrafts.map((line, index) => lineOf(line, currency, line.id ?? String(index + 1)));
  let totalMinor = 0;
  for (const line of lines) totalMinor += line.amountMinor;
  for (const tax of taxes ?? []) if (!tax.included) totalMinor += tax.taxMinor;
  const optional = { ...rest, ...(taxes === undefined ? {} : { taxes }) };
  return {
    ...(optional as Partial<OrderClosed>),
    documentType: draft.documentType ?? "sale",
    receiptNumber,
    currency,
    lines,
    tenders: [...tenders],
    totalMinor,
  };
}

function lineOf(draft: LineDraft, currency: string, id: string): OrderLine {
  const amountMinor =
    draft.amountMinor ?? lineAmountMinor(draft.quantity, draft.unitPrice, currency) - (draft.discountMinor ?? 0);
  return { ...draft, id, amountMinor };
}

/**
 * Edits an open order; the first edit opens it. Lines that carry an id of the caller's and are there already are left
 * out, so an edit whose answer was lost can be sent again.
 *
 * @throws SyncError INVALID_INPUT, ORDER_NOT_OPEN, SHIFT_NOT_OPEN
 */
export function editOrder(recording: Recording, edit: OrderEdit): Recorded {
  parseAs(localIdSchema, edit.localId);
  const repeated = repeatedEdit(recording, edit);
  if (repeated) return repeated;
  const shift = recording.shift();
  const order = openOrNew(recording, edit.localId);
  const currency = order?.currency ?? edit.currency ?? recording.desk.currency;
  const named = edit.editId === undefined ? {} : { editId: edit.editId };
  const payload: OrderEdited = {
    currency,
    ...named,
    events: eventsOf(recording, edit, currency, order),
    ...headerOf(edit),
  };
  const version = (order?.version ?? 0) + 1;
  if (order === undefined) recording.tx.run("INSERT INTO open_order (local_id) VALUES (?)", edit.localId);
  return recording.append({
    kind: "order.edited",
    localId: edit.localId,
    version,
    shiftId: shift.localId,
    businessDate: shift.businessDate,
    occurredAt: recording.now(edit.occurredAt),
    payload,
  });
}

/** An edit with an id of the caller's that is in the journal already. */
function repeatedEdit(recording: Recording, { localId, editId }: OrderEdit): Recorded | undefined {
  if (editId === undefined) return undefined;
  const rows = recording.desk.journal.ofEntity(localId);
  const known = rows.find(
    (row) => row.kind === "order.edited" && (bodyOf(row).payload as OrderEdited).editId === editId,
  );
  return known && recording.duplicateOf(known);
}

function headerOf({ label, operator, customerId, covers }: OrderEdit): Pick<OrderEdited, "header"> {
  const header = { label, operator, customerId, covers };
  if (Object.values(header).every((value) => value === undefined)) return {};
  return { header: header as NonNullable<OrderEdited["header"]> };
}

/** Ids of a change's events: the change's own place and a counter, so that they need no state of their own. */
function eventsOf(recording: Recording, edit: OrderEdit, currency: string, order: Folded | undefined): LineEvent[] {
  const known = new Set(order?.lines.map((line) => line.id));
  let counter = 0;
  const id = () => `${recording.desk.printed}.${(recording.present.head.seq + 1) * 1000 + counter++}`;
  const added = (edit.add ?? [])
    .filter((line) => line.id === undefined || !known.has(line.id))
    .map((line): LineEvent => {
      const event = id();
      return { id: event, type: "add", line: lineOf(line, currency, line.id ?? event) };
    });
  const voided = (edit.void ?? []).map((entry): LineEvent => {
    if (!known.has(entry.line))
      throw new SyncError("INVALID_INPUT", `The order has no line ${entry.line} to void.`, {
        field: "void",
        got: entry.line,
      });
    return {
      id: id(),
      type: "void",
      line: entry.line,
      ...(entry.reason === undefined ? {} : { reason: entry.reason }),
    };
  });
  const notes = (edit.notes ?? []).map(
    (note): LineEvent => ({
      id: id(),
      type: "note",
      text: note.text,
      ...(note.line === undefined ? {} : { line: note.line }),
    }),
  );
  const served = (edit.served ?? []).map((line): LineEvent => ({ id: id(), type: "served", line }));
  return [...added, ...voided, ...notes, ...served];
}

/** Pays an open order with the lines it has. @throws as `closeOrder`; ORDER_NOT_OPEN when it is not open */
export function payOrder(recording: Recording, payment: Payment): Recorded {
  const order = foldOrder(recording.desk.journal.ofEntity(payment.localId));
  if (order === undefined) throw notFound(payment.localId);
  return closeOrder(recording, { ...payment, currency: order.currency, lines: order.lines });
}

interface End {
  readonly localId: string;
  readonly reason: string;
  readonly operator?: string | undefined;
  readonly occurredAt?: string | undefined;
}

/** Gives up an open order (`order.voided`) or removes one made by mistake (`order.deleted`). Both stay known. */
export function endOrder(recording: Recording, kind: "order.voided" | "order.deleted", end: End): Recorded {
  const rows = recording.desk.journal.ofEntity(end.localId);
  const order = foldOrder(rows);
  if (order === undefined) throw notFound(end.localId);
  const { localId, occurredAt, reason, operator } = end;
  const payload = { reason, ...(operator === undefined ? {} : { operator }) };
  if (order.state !== "open") {
    if (rows.at(-1)?.kind === kind) {
      const repeated = recording.repeated(rows, kind, () => payload);
      if (repeated) return repeated;
    }
    throw new SyncError(
      "ORDER_NOT_OPEN",
      `Order ${localId} is ${order.state}; only an open order can be given up. Take a closed one back with a document of its own.`,
      {
        field: "localId",
        got: order.state,
      },
    );
  }
  recording.tx.run("DELETE FROM open_order WHERE local_id = ?", localId);
  const { businessDate, localId: shiftId } = recording.shift();
  return recording.append({
    kind,
    localId,
    version: order.version + 1,
    shiftId,
    businessDate,
    occurredAt: recording.now(occurredAt),
    payload,
  });
}

function openOrNew(recording: Recording, localId: string): Folded | undefined {
  const rows = recording.desk.journal.ofEntity(localId);
  if (rows.length === 0) return undefined;
  const order = foldOrder(rows);
  if (order?.state === "open") return order;
  throw new SyncError(
    "ORDER_NOT_OPEN",
    `Order ${localId} is ${order?.state ?? "not an order"} and can no longer be edited.`,
    { field: "localId" },
  );
}

function notFound(localId: string): SyncError {
  return new SyncError("NOT_FOUND", `This terminal knows no order ${localId}.`, { field: "localId", got: localId });
}
