import type { InventoryDraft, OrderDraft, ShiftOpening, TransactionDraft } from "@tillsync/engine";
import {
  type Amount,
  businessDate,
  instant,
  lineAmountMinor,
  localId,
  orderClosed,
  orderLine,
  PAYLOADS,
  SyncError,
  shortId,
} from "@tillsync/protocol";
import { z } from "zod";

/** What a file says of a document beside the document itself. */
export interface FromFile {
  readonly businessDate: string;
  /** Short id of the terminal that exported it; a terminal of that name gets it, when there is one. */
  readonly terminal?: string | undefined;
  /** The receipt number it had there. The recording terminal gives its own; where they differ, that is told. */
  readonly receiptNumber?: string | undefined;
  /** It was recorded while no shift was open. */
  readonly outsideShift?: boolean | undefined;
}

/** A document read from a file or made from a seed, ready to be recorded by a terminal on its business date. */
export type ImportedDocument = FromFile &
  (
    | { readonly kind: "order"; readonly draft: OrderDraft }
    | { readonly kind: "transaction"; readonly draft: TransactionDraft }
    | { readonly kind: "inventory"; readonly draft: InventoryDraft }
  );

/** The opening or closing of a shift, in files that a till exported. Other files leave shifts to the import. */
export type ImportedShift = FromFile &
  (
    | { readonly kind: "shift.opened"; readonly draft: ShiftOpening & { readonly localId: string } }
    | { readonly kind: "shift.closed"; readonly draft: ShiftEnd }
  );

export interface ShiftEnd {
  readonly localId: string;
  readonly operator?: string | undefined;
  readonly counted?: readonly Amount[] | undefined;
  readonly occurredAt?: string | undefined;
}

export type ImportedEntry = ImportedDocument | ImportedShift;

/** As at a terminal's own door (`terminal/schemas.ts`). */
const privatePart = z.record(z.string().min(1).max(64), z.string().max(4096));
const common = { localId, businessDate, occurredAt: instant.optional(), terminal: shortId.optional() };
const lineDraft = orderLine.partial({ id: true, amountMinor: true });

/** The wire's own schema less what the terminal gives: receipt number, total. */
const order = orderClosed
  .omit({ receiptNumber: true, totalMinor: true, openedAt: true })
  .partial({ documentType: true, currency: true })
  .extend({
    ...common,
    kind: z.literal("order"),
    receiptNumber: orderClosed.shape.receiptNumber.optional(),
    lines: z.array(lineDraft).max(10_000),
    private: privatePart.optional(),
  });

const transaction = PAYLOADS["transaction.recorded"]
  .partial({ currency: true })
  .extend({ ...common, kind: z.literal("transaction"), private: privatePart.optional() });

const inventory = PAYLOADS["inventory.updated"].extend({
  ...common,
  kind: z.literal("inventory"),
  outsideShift: z.boolean().optional(),
});

const shiftOpened = PAYLOADS["shift.opened"].omit({ currency: true }).extend({
  ...common,
  kind: z.literal("shift.opened"),
});

const shiftClosed = z.strictObject({
  ...common,
  kind: z.literal("shift.closed"),
  operator: PAYLOADS["shift.closed"].shape.operator,
  counted: PAYLOADS["shift.closed"].shape.counted,
});

/**
 * One line of an NDJSON file: `{"kind": "order" | "transaction" | "inventory", "businessDate", ...draft}`. What `export`
 * writes also has `terminal`, `receiptNumber`, `outsideShift` and the kinds `shift.opened` and `shift.closed`.
 */
export const documentSchema = z.discriminatedUnion("kind", [order, transaction, inventory, shiftOpened, shiftClosed]);

/** A parsed line as a document. @throws SyncError TOTALS_MISMATCH when an order's tenders do not add up to its lines */
export function documentOf(parsed: z.infer<typeof documentSchema>): ImportedEntry {
  const { businessDate: date, terminal } = parsed;
  const from = { businessDate: date, ...(terminal === undefined ? {} : { terminal }) };
  switch (parsed.kind) {
    case "order": {
      const { kind, businessDate: _date, terminal: _terminal, receiptNumber, ...draft } = parsed;
      checkMoney(draft);
      return { kind, ...from, ...(receiptNumber === undefined ? {} : { receiptNumber }), draft };
    }
    case "transaction": {
      const { kind, businessDate: _date, terminal: _terminal, ...draft } = parsed;
      return { kind, ...from, draft };
    }
    case "inventory": {
      const { kind, businessDate: _date, terminal: _terminal, outsideShift, ...draft } = parsed;
      return { kind, ...from, ...(outsideShift === undefined ? {} : { outsideShift }), draft };
    }
    case "shift.opened": {
      const { kind, businessDate: _date, terminal: _terminal, ...draft } = parsed;
      return { kind, ...from, draft };
    }
    case "shift.closed": {
      const { kind, businessDate: _date, terminal: _terminal, ...draft } = parsed;
      return { kind, ...from, draft };
    }
    default:
      return parsed satisfies never;
  }
}

/** A document as a line of NDJSON, without the line end. */
export function documentLine(document: ImportedEntry): string {
  const { draft, ...from } = document;
  return JSON.stringify({ ...from, ...draft });
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
