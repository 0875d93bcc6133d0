import {
  canonicalText,
  formatReceiptNumber,
  type LineEvent,
  lineAmountMinor,
  localId as localIdSchema,
  type OrderClosed,
  type OrderEdited,
  type OrderLine,
  parseField,
  SyncError,
} from "@tillsync/protocol";
import { headerOf } from "./order-header.ts";
import { othersOf } from "./others.ts";
import { type Recording, taken } from "./recording.ts";
import type { LineDraft, OrderDraft, OrderEdit, Payment, Recorded } from "./verbs.ts";
import { bodyOf, type Folded, foldOrder } from "./view.ts";

/**
 * Closes an order at once: lines, tenders, receipt number and change in the caller's transaction.
 *
 * @throws SyncError INVALID_INPUT, TOTALS_MISMATCH, SHIFT_NOT_OPEN, ORDER_NOT_OPEN, LOCAL_ID_TAKEN, TOO_LARGE
 */
export function closeOrder(recording: Recording, draft: OrderDraft): Recorded {
  parseField("localId", localIdSchema, draft.localId);
  const rows = recording.desk.journal.ofEntity(draft.localId);
  const last = rows.at(-1);
  // What this till recorded is answered as before, whatever others did since.
  if (last !== undefined && !["order.edited", "order.voided", "order.deleted"].includes(last.kind)) {
    const repeated = recording.repeated(rows, "order.closed", (stored) =>
      documentOf(recording, draft, String(stored.receiptNumber)),
    );
    if (repeated) return repeated;
  }
  const order = standing(recording, draft.localId);
  if (order !== undefined && order.state !== "open") throw notOpen(recording, draft.localId, order);
  return close(recording, draft, (order?.version ?? 0) + 1);
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
  const takenBack = takenBackBy(recording, payload);
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
  if (takenBack !== undefined)
    recording.tx.run("INSERT INTO voided_order (local_id, by_local_id) VALUES (?, ?)", takenBack, draft.localId);
  return recorded;
}

/**
 * The order that a void document takes back. One sale is taken back once, whatever ids the void documents carry.
 *
 * @throws SyncError ALREADY_VOIDED
 */
function takenBackBy({ tx }: Recording, { documentType, original }: OrderClosed): string | undefined {
  if (documentType !== "void" || original?.localId === undefined) return undefined;
  const earlier = tx.get<{ by: string }>(
    "SELECT by_local_id AS by FROM voided_order WHERE local_id = ?",
    original.localId,
  );
  if (earlier) {
    throw new SyncError("ALREADY_VOIDED", `Order ${original.localId} was already taken back by ${earlier.by}.`, {
      field: "original.localId",
      by: earlier.by,
    });
  }
  return original.localId;
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
 * Edits an open order; the first edit opens it. Lines that carry an id of the caller's and are there alike, and voids of
 * lines that are voided, are left out, so an edit whose answer was lost can be sent again; one that changes nothing
 * writes nothing.
 *
 * @throws SyncError INVALID_INPUT, ORDER_NOT_OPEN, SHIFT_NOT_OPEN, LOCAL_ID_TAKEN
 */
export function editOrder(recording: Recording, edit: OrderEdit): Recorded {
  parseField("localId", localIdSchema, edit.localId);
  const repeated = repeatedEdit(recording, edit);
  if (repeated) return repeated;
  const shift = recording.shift();
  const order = openOrNew(recording, edit.localId);
  const currency = order?.currency ?? edit.currency ?? recording.desk.currency;
  const named = edit.editId === undefined ? {} : { editId: edit.editId };
  const events = eventsOf(recording, edit, currency, order);
  const occurredAt = recording.now(edit.occurredAt);
  const header = headerOf(recording, edit, { shown: order?.header ?? {}, hasEvents: events.length > 0, occurredAt });
  const payload: OrderEdited = { currency, ...named, events, ...header };
  const last = recording.desk.journal.ofEntity(edit.localId).at(-1);
  if (last && payload.events.length === 0 && payload.header === undefined) return recording.duplicateOf(last);
  const version = (order?.version ?? 0) + 1;
  const recorded = recording.append({
    kind: "order.edited",
    localId: edit.localId,
    version,
    shiftId: shift.localId,
    businessDate: shift.businessDate,
    occurredAt,
    payload,
  });
  if (order === undefined) recording.tx.run("INSERT OR IGNORE INTO open_order (local_id) VALUES (?)", edit.localId);
  return recorded;
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

/** Ids of a change's events: the change's own place and a counter, so that they need no state of their own. */
function eventsOf(recording: Recording, edit: OrderEdit, currency: string, order: Folded | undefined): LineEvent[] {
  let counter = 0;
  const first = (recording.present.head.seq + 1) * 1000;
  const next = () => `${recording.desk.printed}.${first + counter}`;
  const id = () => {
    const taken = next();
    counter++;
    return taken;
  };
  const there = new Map(order?.lines.map((line) => [line.id, line]));
  const gone = new Set(order?.events.flatMap((event) => (event.type === "void" ? [event.line] : [])));
  const added = (edit.add ?? []).flatMap((draft): LineEvent[] => {
    const line = lineOf(draft, currency, draft.id ?? next());
    if (isThereAlike(line, there, gone)) return [];
    there.set(line.id, line);
    return [{ id: id(), type: "add", line }];
  });
  const voided = (edit.void ?? []).flatMap(({ line, reason }): LineEvent[] => {
    if (gone.has(line)) return [];
    if (!there.has(line)) throw badLine("void", line, `The order has no line ${line} to void.`);
    return [{ id: id(), type: "void", line, ...(reason === undefined ? {} : { reason }) }];
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

/** @throws SyncError INVALID_INPUT: a voided line stays voided, and one id never means two lines */
function isThereAlike(line: OrderLine, there: ReadonlyMap<string, OrderLine>, gone: ReadonlySet<string>): boolean {
  if (gone.has(line.id))
    throw badLine("add", line.id, `Line ${line.id} was voided; give the new line an id of its own.`);
  const other = there.get(line.id);
  if (other === undefined) return false;
  if (canonicalText(other) === canonicalText(line)) return true;
  throw badLine("add", line.id, `The order has another line ${line.id}; give the new one an id of its own.`);
}

function badLine(field: string, line: string, message: string): SyncError {
  return new SyncError("INVALID_INPUT", message, { field, got: line });
}

/** Pays an open order with the lines it has. @throws as `closeOrder`; ORDER_NOT_OPEN when it is not open */
export function payOrder(recording: Recording, payment: Payment): Recorded {
  const order = standing(recording, payment.localId);
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
  const order = standing(recording, end.localId);
  if (order === undefined) throw notFound(end.localId);
  const { localId, occurredAt, reason, operator } = end;
  const payload = { reason, ...(operator === undefined ? {} : { operator }) };
  if (order.state !== "open") {
    const repeated = rows.at(-1)?.kind === kind ? recording.repeated(rows, kind, () => payload) : undefined;
    if (repeated) return repeated;
    throw notOpen(recording, localId, order);
  }
  const { businessDate, localId: shiftId } = recording.shift();
  const recorded = recording.append({
    kind,
    localId,
    version: order.version + 1,
    shiftId,
    businessDate,
    occurredAt: recording.now(occurredAt),
    payload,
  });
  recording.tx.run("DELETE FROM open_order WHERE local_id = ?", localId);
  return recorded;
}

/** An order as this till knows it: what it recorded itself, and what it was told of others. */
function standing(recording: Recording, localId: string): Folded | undefined {
  const { desk, tx } = recording;
  const isLost = ({ position }: { position: number }) => recording.effectAt(position) === "conflict";
  return foldOrder(desk.journal.ofEntity(localId), othersOf(tx, localId), isLost);
}

function openOrNew(recording: Recording, localId: string): Folded | undefined {
  const order = standing(recording, localId);
  if (order === undefined && recording.desk.journal.ofEntity(localId).length > 0) throw taken(localId);
  if (order === undefined || order.state === "open") return order;
  throw notOpen(recording, localId, order);
}

function notOpen(recording: Recording, localId: string, order: Folded | undefined): SyncError {
  const state = order?.state ?? "closed";
  const where =
    order?.terminal === undefined
      ? ""
      : order.terminal === recording.desk.journal.terminal
        ? " by this terminal before its database was put back"
        : " by another terminal of this store";
  const message = `Order ${localId} is ${state}${where}, so it can no longer be changed. Take a closed one back with a document of its own.`;
  return new SyncError("ORDER_NOT_OPEN", message, {
    field: "localId",
    got: state,
    ...(order?.terminal === undefined ? {} : { terminal: order.terminal }),
  });
}

function notFound(localId: string): SyncError {
  return new SyncError("NOT_FOUND", `This terminal knows no order ${localId}.`, { field: "localId", got: localId });
}
