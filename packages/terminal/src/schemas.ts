import {
  MAX_CUSTOMERS,
  MAX_HISTORY_PAGE,
  MAX_ITEMS,
  MAX_QUEUE_PAGE,
  QUEUE_STATUSES,
  QUEUE_TYPES,
} from "@tillsync/engine";
import {
  businessDate,
  CASH_MOVES,
  type CashMoveType,
  currency,
  instant,
  LIMITS,
  lineEvent,
  localId,
  MAX_AMOUNTS,
  minor,
  missing,
  orderClosed,
  orderLine,
  PAYLOADS,
  rowId,
} from "@tillsync/protocol";
import { z } from "zod";

// What a POS may send, cut from the schemas of the wire so that the two cannot drift apart. All are strict: a misspelt
// field is refused at once instead of being lost without a word.

const occurredAt = instant.optional();

/** Personal data by name. The engine bounds the whole; these bounds give the better refusal. */
const personal = z.record(z.string().min(1).max(64), z.string().max(4096)).optional();

const lineDraft = orderLine.partial({ id: true, amountMinor: true });

export const orderDraft = orderClosed
  .omit({ receiptNumber: true, totalMinor: true, openedAt: true })
  .partial({ documentType: true, currency: true })
  .extend({ localId, lines: z.array(lineDraft).max(10_000), occurredAt, private: personal });

export const payment = orderDraft.omit({ lines: true, currency: true });

const [, voidEvent, noteEvent, servedEvent] = lineEvent.options;
const header = PAYLOADS["order.edited"].shape.header.unwrap().shape;

/** Events of one edit, of each sort: what `orderEdited` allows. */
const MAX_EVENTS = 1000;

export const orderEdit = z.strictObject({
  localId,
  currency: currency.optional(),
  /** The caller's own id of this edit, so that one whose answer was lost can be sent again. */
  editId: PAYLOADS["order.edited"].shape.editId,
  add: z.array(lineDraft).max(MAX_EVENTS).optional(),
  void: z
    .array(voidEvent.omit({ id: true, type: true }))
    .max(MAX_EVENTS)
    .optional(),
  notes: z
    .array(noteEvent.omit({ id: true, type: true }))
    .max(MAX_EVENTS)
    .optional(),
  served: z.array(servedEvent.shape.line).max(MAX_EVENTS).optional(),
  ...header,
  occurredAt,
});

/** `voidLocalId` names the void document, should the order turn out to be closed. */
export const voiding = PAYLOADS["order.voided"].extend({ localId, occurredAt, voidLocalId: localId.optional() });

export const deletion = PAYLOADS["order.deleted"].extend({ localId, occurredAt });

export const orderFilter = z.strictObject({ state: z.literal("open") });

export const transactionDraft = PAYLOADS["transaction.recorded"]
  .partial({ currency: true })
  .extend({ localId, occurredAt, private: personal });

export const inventoryDraft = PAYLOADS["inventory.updated"].extend({ localId, occurredAt });

export const shiftOpening = PAYLOADS["shift.opened"]
  .omit({ currency: true })
  .extend({ localId: localId.optional(), businessDate: businessDate.optional(), occurredAt });

/** What a manifest holds of one tender; without a currency it is the till's. */
const counted = PAYLOADS["shift.closed"].shape.counted.unwrap();

export const shiftClosing = z.strictObject({
  localId: localId.optional(),
  operator: PAYLOADS["shift.closed"].shape.operator,
  counted: z
    .array(counted.element.partial({ currency: true }))
    .max(MAX_AMOUNTS)
    .optional(),
  occurredAt,
});

/** Cash beside sales: the direction says which way it went, the amount how much. */
export const cashMove = z.strictObject({
  localId,
  direction: z.enum(["in", "out"]),
  amountMinor: minor.min(1),
  reason: z.string().min(1).max(256),
  type: z.enum(Object.keys(CASH_MOVES) as [CashMoveType, ...CashMoveType[]]).optional(),
  currency: currency.optional(),
  operator: PAYLOADS["transaction.recorded"].shape.operator,
  reference: PAYLOADS["transaction.recorded"].shape.reference,
  occurredAt,
});

/** Shifts in one answer at most; the engine gives no more. */
const MAX_SHIFTS = 1000;

/** A query: numbers come as text. */
export const shiftFilter = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_SHIFTS).optional(),
});

export const dayFilter = z.strictObject({ businessDate });

/** A number out of a query, where everything is text. */
const limitUpTo = (most: number) => {
  const says = `a whole number from 1 to ${most}`;
  return z
    .string(says)
    .regex(/^[1-9]\d{0,3}$/, says)
    .transform(Number)
    .refine((limit) => limit <= most, says)
    .optional();
};

export const queueFilter = z.strictObject({
  type: z.enum(QUEUE_TYPES).optional(),
  status: z.enum(QUEUE_STATUSES).optional(),
  limit: limitUpTo(MAX_QUEUE_PAGE),
  after: z.string().optional(),
});

const beforeForm = "the `next` of an answer of this history, such as 17";

export const historyPage = z.strictObject({
  limit: limitUpTo(MAX_HISTORY_PAGE),
  before: z
    .string(beforeForm)
    .regex(/^[1-9]\d{0,14}$/, beforeForm)
    .optional(),
});

/** Nothing but an empty object, or no body at all. */
export const nothing = z.strictObject({});

/** Which till is meant, so that it is never the wrong one. */
export const resetConfirmed = z.strictObject({ confirm: z.string().min(1).max(16) });

/** A parked change tried again. */
export const retry = z.strictObject({ operator: z.string().min(1).max(64).optional() });

/** A parked change given up. */
export const discard = z.strictObject({ operator: z.string().min(1).max(64), reason: z.string().min(1).max(256) });

/** Rows that a comparison found wrong: as many as an exchange carries. */
export const rowsToRepair = z.strictObject({
  lacks: z.array(missing).max(LIMITS.maxRepairs),
  sends: z.array(missing).max(LIMITS.maxRepairs),
});

const searched = z.string().min(1).max(256).optional();

/** A search for items: by exactly one of the first four. */
export const itemQuery = z.strictObject({
  barcode: searched,
  id: searched,
  prefix: searched,
  word: searched,
  limit: limitUpTo(MAX_ITEMS),
  priceList: searched,
  at: occurredAt,
});

export const lineQuery = z.strictObject({
  code: z.string().min(1).max(256),
  quantity: orderLine.shape.quantity.optional(),
  priceList: searched,
  at: occurredAt,
});

const wholeNumber = (max: number) => z.coerce.number().int().min(1).max(max);

/** A search for customers: by exactly one of the first three. */
export const customerQuery = z.strictObject({
  phone: searched,
  prefix: searched,
  word: searched,
  limit: limitUpTo(MAX_CUSTOMERS),
});

export const offerQuery = z.strictObject({ itemId: rowId.optional(), customerId: rowId.optional(), at: occurredAt });

export const rowPlace = z.strictObject({ id: rowId });

export const customerPlace = z.strictObject({ id: localId });
/** Fields of the module `customers`; null takes one away. The engine checks what comes out of it. */
export const customerEdit = z.strictObject({
  set: z
    .record(z.string().min(1).max(64), z.union([z.string().max(4096), z.null(), z.record(z.string(), z.string())]))
    .optional(),
  add: z.record(z.string().min(1).max(64), z.int()).optional(),
  deleted: z.literal(true).optional(),
  editId: localId.optional(),
  operator: z.string().min(1).max(64).optional(),
  reason: z.string().min(1).max(256).optional(),
  occurredAt,
});

/** As head office takes them; it checks them once more. */
export const conflictQuery = z.strictObject({
  state: z.enum(["open", "resolved"]).optional(),
  limit: wholeNumber(200).optional(),
  after: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
});
export const conflictPlace = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/) });
export const conflictResolving = z.strictObject({
  keep: z.enum(["mine", "theirs", "merge"]),
  fields: z.array(z.string().min(1).max(64)).max(200).optional(),
  actor: z.string().min(1).max(64),
  reason: z.string().min(1).max(256),
});
