import type { Envelope, OrderClosed, PayloadOf } from "@tillsync/protocol";
import type { ImportedEntry } from "../import/documents.ts";

/** A change's body as the journal holds it. */
export type Body = Envelope & { readonly payload: unknown };

/** A document as an import takes it, and what of the change a document has no place for. */
export interface Exported {
  readonly entry: ImportedEntry;
  readonly openedAt?: string | undefined;
}

/** The document that a change recorded; undefined for changes that are none. */
export function entryOf(
  kind: string,
  body: Body,
  personal: Readonly<Record<string, string>> | undefined,
): Exported | undefined {
  const { localId, businessDate, occurredAt } = body;
  const facts = { localId, occurredAt };
  const secret = personal === undefined ? {} : { private: personal };
  switch (kind) {
    case "order.closed": {
      const { receiptNumber, totalMinor: _total, openedAt, ...order } = body.payload as OrderClosed;
      const draft = { ...facts, ...order, ...secret };
      return { entry: { kind: "order", businessDate, receiptNumber, draft }, openedAt };
    }
    case "transaction.recorded": {
      const draft = { ...facts, ...(body.payload as PayloadOf<"transaction.recorded">), ...secret };
      return { entry: { kind: "transaction", businessDate, draft } };
    }
    case "inventory.updated": {
      const draft = { ...facts, ...(body.payload as PayloadOf<"inventory.updated">) };
      const outside = body.shiftId === undefined ? { outsideShift: true } : {};
      return { entry: { kind: "inventory", businessDate, ...outside, draft } };
    }
    case "shift.opened": {
      const { currency: _currency, ...opening } = body.payload as PayloadOf<"shift.opened">;
      return { entry: { kind: "shift.opened", businessDate, draft: { ...facts, ...opening } } };
    }
    case "shift.closed": {
      // What the shift held is added up again where it is imported; only what people said is a fact of its own.
      const { operator, counted } = body.payload as PayloadOf<"shift.closed">;
      const said = { ...(operator === undefined ? {} : { operator }), ...(counted === undefined ? {} : { counted }) };
      const draft = { ...facts, ...said };
      return { entry: { kind: "shift.closed", businessDate, draft } };
    }
    default:
      return undefined;
  }
}
