import { z } from "zod";
import { MAX_AMOUNTS } from "./amounts.ts";
import { businessDate, changeId, hash, incarnationId, instant, localId, seq } from "./ids.ts";
import { currency, decimal, minor } from "./money.ts";
import { orderClosed, orderEdited, orderEnded } from "./order.ts";
import { customerEdited } from "./records/customer.ts";
import { deletedAtCentre, submitted } from "./submitted.ts";

const text = (max: number) => z.string().min(1).max(max);

/** Money or stock moved outside an order; or (001) a sale or return recorded without one, then with its stock delta. */
export const transactionRecorded = z.strictObject({
  type: text(32),
  currency,
  amountMinor: minor,
  item: text(64).optional(),
  quantity: decimal.optional(),
  unitPrice: decimal.optional(),
  /** What the stock of `item` changes by; absent when no stock moves. */
  stockDelta: decimal.optional(),
  tender: text(32).optional(),
  operator: text(64).optional(),
  orderLocalId: localId.optional(),
  customerId: text(64).optional(),
  reference: text(64).optional(),
  reason: z.string().max(256).optional(),
});

/** A stock movement: the delta is the fact; previous and new stock are only what the till saw. */
export const inventoryUpdated = z.strictObject({
  item: text(64),
  delta: decimal,
  type: text(32),
  previousStock: decimal.optional(),
  newStock: decimal.optional(),
  operator: text(64).optional(),
  reference: text(64).optional(),
  reason: z.string().max(256).optional(),
});

/** `openingFloatMinor`: cash in the drawer before the first sale, in `currency`. */
export const shiftOpened = z.strictObject({ operator: text(64), currency, openingFloatMinor: minor.optional() });

/** Money by currency and tender, sorted by both. */
const amountsByTender = z.array(z.strictObject({ currency, tender: text(32), amountMinor: minor })).max(MAX_AMOUNTS);

/** A stretch of a life: its first and last change, the hash of the last, and what all of them hold. */
const stretch = {
  openSeq: seq,
  closeSeq: seq,
  chainHead: hash,
  counts: z.record(text(32), z.int().min(0)),
  totals: amountsByTender,
};

/**
 * What the till says a shift holds. `openSeq` to `totals` are of the life that closed it, from the change that opened the
 * shift (or the first of the life) to the last one before this; the centre recomputes them from stored bytes. What stands
 * behind them is of the whole shift, and absent in changes of tills that did not know it yet.
 */
export const shiftClosed = z.strictObject({
  operator: text(64).optional(),
  ...stretch,
  openingFloat: z.strictObject({ currency, amountMinor: minor }).optional(),
  /** Cash put into the drawer and taken out of it beside sales, both positive; they are in `totals`, too. */
  cashMoves: z
    .array(z.strictObject({ currency, inMinor: minor, outMinor: minor }))
    .max(200)
    .optional(),
  /** What should be there: the totals of all tenders, with the opening float in cash. */
  expected: amountsByTender.optional(),
  /** What a person counted, and by how much it is over (positive) or short of what was expected. */
  counted: amountsByTender.optional(),
  overShort: amountsByTender.optional(),
  /** First and last receipt number of each life in which the shift gave one, oldest first, and how many. */
  receipts: z
    .array(z.strictObject({ first: text(64), last: text(64), count: z.int().min(1) }))
    .max(100)
    .optional(),
  /** Open orders of the till at that moment: they stay open and go on in the next shift. */
  openOrders: z.int().min(0).optional(),
  /** What the shift holds in lives before this one, as far as the till's database still has it; oldest first. */
  earlier: z
    .array(z.strictObject({ incarnation: incarnationId, ...stretch }))
    .max(100)
    .optional(),
});

/** A person at the till wants a change that the centre could not apply, and parked, tried again. */
export const exceptionRetried = z.strictObject({ incarnation: incarnationId, seq, operator: text(64).optional() });

/** A person at the till gives a parked change up: it stays stored, and is never applied. */
export const exceptionDiscarded = z.strictObject({
  incarnation: incarnationId,
  seq,
  operator: text(64),
  reason: text(256),
});

/** First change of every life after the first. */
export const terminalReborn = z.strictObject({
  parent: incarnationId,
  parentSeq: z.int().min(0),
  parentHash: hash,
  reason: text(256),
});

/** Payload schema by kind: the closed list of what can happen. */
export const PAYLOADS = {
  "order.edited": orderEdited,
  "order.closed": orderClosed,
  "order.voided": orderEnded,
  "order.deleted": orderEnded,
  "transaction.recorded": transactionRecorded,
  "inventory.updated": inventoryUpdated,
  "customer.edited": customerEdited,
  "shift.opened": shiftOpened,
  "shift.closed": shiftClosed,
  "exception.retried": exceptionRetried,
  "exception.discarded": exceptionDiscarded,
  "terminal.reborn": terminalReborn,
  "order.submitted": submitted,
  "transaction.submitted": submitted,
  "inventory.submitted": submitted,
  "order.withdrawn": deletedAtCentre,
  "transaction.withdrawn": deletedAtCentre,
} as const;

export type Kind = keyof typeof PAYLOADS;
export type PayloadOf<K extends Kind> = z.infer<(typeof PAYLOADS)[K]>;

/** The part of a change's body that is the same for every kind. */
export const envelope = z.strictObject({
  changeId,
  kind: text(32),
  localId,
  /** Counts the changes of this entity on its terminal, from 1. */
  version: z.int().min(1),
  /** The shift it belongs to; absent for what happens outside shifts. */
  shiftId: localId.optional(),
  businessDate,
  occurredAt: instant,
  payload: z.unknown(),
  /** Salted hash of the private part, when there is one. */
  private: hash.optional(),
});

export type Envelope = Omit<z.infer<typeof envelope>, "payload">;

/** A change's body: what its canonical bytes say. */
export type ChangeBody = { [K in Kind]: Envelope & { readonly kind: K; readonly payload: PayloadOf<K> } }[Kind];

/**
 * Kinds that only the centre writes, for devices of somebody else's and for people at head office. A till that sends one
 * has it parked: it would speak for others.
 */
export const CENTRAL_KINDS: ReadonlySet<string> = new Set<Kind>([
  "order.submitted",
  "transaction.submitted",
  "inventory.submitted",
  "order.withdrawn",
  "transaction.withdrawn",
]);

/** The localId of what people decide about the change at this place: there is one such entity a change. */
export function exceptionId({ incarnation, seq: at }: { readonly incarnation: string; readonly seq: number }): string {
  return `${incarnation}-${at}`;
}

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(PAYLOADS, kind);
}

/** Which entity a kind speaks of; documents at the centre are keyed by it and the localId. */
export type Entity = "order" | "transaction" | "inventory" | "customer" | "shift" | "exception" | "terminal";

export function entityOf(kind: Kind): Entity {
  return kind.slice(0, kind.indexOf(".")) as Entity;
}
