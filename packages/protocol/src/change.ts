import { z } from "zod";
import { businessDate, changeId, hash, incarnationId, instant, localId, seq } from "./ids.ts";
import { currency, decimal, minor } from "./money.ts";
import { orderClosed, orderEdited, orderEnded } from "./order.ts";
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

export const shiftOpened = z.strictObject({ operator: text(64), currency, openingFloatMinor: minor.optional() });

/** What the till says a shift holds; the centre recomputes the same from stored bytes. */
export const shiftClosed = z.strictObject({
  operator: text(64).optional(),
  /** seq of the change that opened the shift, and of the last change before this one, with its hash. */
  openSeq: seq,
  closeSeq: seq,
  chainHead: hash,
  counts: z.record(text(32), z.int().min(0)),
  totals: z.array(z.strictObject({ currency, tender: text(32), amountMinor: minor })).max(1000),
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
export type Entity = "order" | "transaction" | "inventory" | "shift" | "exception" | "terminal";

export function entityOf(kind: Kind): Entity {
  return kind.slice(0, kind.indexOf(".")) as Entity;
}
