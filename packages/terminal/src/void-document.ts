import type { OrderDraft, OrderView, Terminal } from "@tillsync/engine";
import { type OrderClosed, type OrderLine, orderClosed, SyncError } from "@tillsync/protocol";
import { z } from "zod";

/** Who takes back a closed order, why, and the id of the document that does it. */
export interface Voiding {
  readonly voidLocalId?: string | undefined;
  readonly reason: string;
  readonly operator?: string | undefined;
  readonly occurredAt?: string | undefined;
}

/**
 * The document that takes back a closed order: its lines, taxes, tenders and points with the opposite sign. The closed
 * order itself stays as it is. The reason is what a person typed and may name one, so it travels in the private part.
 *
 * @throws SyncError INVALID_INPUT without `voidLocalId`, ORDER_NOT_OPEN for what is itself a void, JOURNAL_BROKEN when the
 * stored order cannot be read
 */
export function voidDocument(terminal: Terminal, order: OrderView, voiding: Voiding): OrderDraft {
  const { voidLocalId } = voiding;
  if (voidLocalId === undefined || voidLocalId === order.localId) {
    const expected = "a new localId for the void document, because this order is closed";
    const got = voidLocalId === undefined ? "nothing" : "the order's own";
    throw new SyncError("INVALID_INPUT", `voidLocalId must be ${expected}; got ${got}.`, {
      field: "voidLocalId",
      expected,
      got,
    });
  }
  const document = closedDocument(terminal, order.localId);
  if (document.documentType === "void") {
    throw new SyncError(
      "ORDER_NOT_OPEN",
      `${order.localId} is itself a void; a void is not taken back, sell again instead.`,
    );
  }
  return {
    localId: voidLocalId,
    documentType: "void",
    currency: document.currency,
    lines: document.lines.map(oppositeLine),
    tenders: document.tenders.map((entry) => ({ ...entry, amountMinor: opposite(entry.amountMinor) })),
    taxes: document.taxes?.map((tax) => ({
      ...tax,
      baseMinor: opposite(tax.baseMinor),
      taxMinor: opposite(tax.taxMinor),
    })),
    operator: voiding.operator,
    customerId: document.customerId,
    loyaltyPoints: document.loyaltyPoints === undefined ? undefined : opposite(document.loyaltyPoints),
    original: { localId: order.localId, receiptNumber: document.receiptNumber },
    occurredAt: voiding.occurredAt,
    private: { reason: voiding.reason },
  };
}

const closedBody = z.looseObject({ payload: orderClosed });

/** The closed order with all its fields, from the journal: a view leaves out taxes and points. */
function closedDocument(terminal: Terminal, localId: string): OrderClosed {
  const closings = terminal.explain(localId)?.changes.filter((entry) => entry.kind === "order.closed") ?? [];
  const change = closings.find(({ effect }) => effect !== "conflict") ?? closings[0];
  const body = closedBody.safeParse(change?.body);
  if (body.success) return body.data.payload;
  throw new SyncError(
    "JOURNAL_BROKEN",
    `The stored order ${localId} cannot be read, so it cannot be voided on this till.`,
  );
}

function oppositeLine(line: OrderLine): OrderLine {
  const discount = line.discountMinor === undefined ? {} : { discountMinor: opposite(line.discountMinor) };
  return { ...line, quantity: oppositeText(line.quantity), amountMinor: opposite(line.amountMinor), ...discount };
}

/** Never -0, which JSON and comparisons would treat as two things. */
function opposite(amountMinor: number): number {
  return 0 - amountMinor;
}

function oppositeText(quantity: string): string {
  if (quantity.startsWith("-")) return quantity.slice(1);
  return /^0(\.0+)?$/.test(quantity) ? quantity : `-${quantity}`;
}
