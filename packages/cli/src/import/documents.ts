import type { InventoryDraft, OrderDraft, TransactionDraft } from "@tillsync/engine";
import {
  businessDate,
  instant,
  lineAmountMinor,
  localId,
  orderClosed,
  orderLine,
  PAYLOADS,
  SyncError,
} from "@tillsync/protocol";
import { z } from "zod";

/** A document read from a file or made from a seed, ready to be recorded by a terminal on its business date. */
export type ImportedDocument =
  | { readonly kind: "order"; readonly businessDate: string; readonly draft: OrderDraft }
  | { readonly kind: "transaction"; readonly businessDate: string; readonly draft: TransactionDraft }
  | { readonly kind: "inventory"; readonly businessDate: string; readonly draft: InventoryDraft };

const privatePart = z.record(z.string().min(1).max(64), z.string().max(1024));
const common = { localId, businessDate, occurredAt: instant.optional() };
const lineDraft = orderLine.partial({ id: true, amountMinor: true });

/** The wire's own schema less what the terminal gives: receipt number, total. */
const order = orderClosed
  .omit({ receiptNumber: true, totalMinor: true, openedAt: true })
  .partial({ documentType: true, currency: true })
  .extend({
    ...common,
    kind: z.literal("order"),
    lines: z.array(lineDraft).max(10_000),
    private: privatePart.optional(),
  });

const transaction = PAYLOADS["transaction.recorded"]
  .partial({ currency: true })
  .extend({ ...common, kind: z.literal("transaction"), private: privatePart.optional() });

const inventory = PAYLOADS["inventory.updated"].extend({ ...common, kind: z.literal("inventory") });

/** One line of an NDJSON file: `{"kind": "order" | "transaction" | "inventory", "businessDate", ...draft}`. */
export const documentSchema = z.discriminatedUnion("kind", [order, transaction, inventory]);

/** A parsed line as a document. @throws SyncError TOTALS_MISMATCH when an order's tenders do not add up to its lines */
export function documentOf(parsed: z.infer<typeof documentSchema>): ImportedDocument {
  switch (parsed.kind) {
    case "order": {
      const { kind, businessDate: date, ...draft } = parsed;
      checkMoney(draft);
      return { kind, businessDate: date, draft };
    }
    case "transaction": {
      const { kind, businessDate: date, ...draft } = parsed;
      return { kind, businessDate: date, draft };
    }
    case "inventory": {
      const { kind, businessDate: date, ...draft } = parsed;
      return { kind, businessDate: date, draft };
    }
    default:
      return parsed satisfies never;
  }
}

/** A document as a line of NDJSON, without the line end. */
export function documentLine(document: ImportedDocument): string {
  return JSON.stringify({ kind: document.kind, businessDate: document.businessDate, ...document.draft });
}

/**
 * The total of an order as the terminal will count it. Amounts a line leaves out need the currency; without one the
 * terminal's own would decide, and the total cannot be known here.
 */
export function totalOf(draft: OrderDraft): number | undefined {
  let totalMinor = 0;
  for (const line of draft.lines) {
    if (line.amountMinor !== undefined) totalMinor += line.amountMinor;
    else if (draft.currency === undefined) return undefined;
    else totalMinor += lineAmountMinor(line.quantity, line.unitPrice, draft.currency) - (line.discountMinor ?? 0);
  }
  for (const tax of draft.taxes ?? []) if (!tax.included) totalMinor += tax.taxMinor;
  return totalMinor;
}

function checkMoney(draft: OrderDraft): void {
  const totalMinor = totalOf(draft);
  if (totalMinor === undefined) return;
  let tendersMinor = 0;
  for (const entry of draft.tenders) tendersMinor += entry.amountMinor;
  if (tendersMinor === totalMinor) return;
  throw new SyncError("TOTALS_MISMATCH", `tenders is ${tendersMinor} minor units, but the total is ${totalMinor}.`, {
    field: "tenders",
    expected: String(totalMinor),
    got: String(tendersMinor),
  });
}
