import type { ImportedDocument, ImportedEntry } from "../import/documents.ts";
import { INVENTORY_FIELDS, KIND_ELEMENTS, TRANSACTION_FIELDS } from "./fields.ts";
import { POSLOG_VERSION } from "./namespaces.ts";
import { writeFields, writePrivate } from "./write-fields.ts";
import { amountText, writeOrder } from "./write-order.ts";
import type { LogWriter, NewElement } from "./xml-writer.ts";

/** A document with its place in the log of its terminal. */
export interface LogEntry {
  readonly entry: ImportedEntry;
  readonly store: string;
  readonly terminal: string;
  /** Counts the terminal's documents of one business date, from 1. */
  readonly sequence: number;
}

/** One document as a POSLog transaction, with its line end. */
export function transactionText(writer: LogWriter, { entry, store, terminal, sequence }: LogEntry): string {
  const { kind, businessDate, draft } = entry;
  const attributes = { "tillsync:kind": kind, "tillsync:localId": draft.localId };
  return writer.transaction(attributes, (transaction) => {
    transaction
      .text("RetailStoreID", store)
      .text("WorkstationID", terminal)
      .text("SequenceNumber", String(sequence))
      .text("BusinessDayDate", businessDate)
      .text("EndDateTime", draft.occurredAt)
      .text("OperatorID", draft.operator);
    if ("currency" in draft) transaction.text("CurrencyCode", draft.currency);
    const outsideShift = entry.outsideShift === undefined ? undefined : String(entry.outsideShift);
    const body = transaction.add(KIND_ELEMENTS[kind], {
      Version: POSLOG_VERSION,
      "tillsync:outsideShift": outsideShift,
    });
    write(body, entry);
  });
}

function write(body: NewElement, entry: ImportedEntry): void {
  switch (entry.kind) {
    case "order":
      writeOrder(body, entry.draft, entry.receiptNumber);
      break;
    case "transaction":
      writeTransaction(body, entry.draft);
      break;
    case "inventory":
      writeFields(body, entry.draft, INVENTORY_FIELDS);
      break;
    case "shift.opened": {
      const { occurredAt, openingFloatMinor } = entry.draft;
      body.add("OperatorSignOn").text("StartDateTimestamp", occurredAt).text("OpenBusinessDayDate", entry.businessDate);
      if (openingFloatMinor !== undefined) body.text("tillsync:OpeningFloatMinor", String(openingFloatMinor));
      break;
    }
    case "shift.closed":
      body
        .add("OperatorSignOff")
        .text("EndDateTimestamp", entry.draft.occurredAt)
        .text("CloseBusinessDayDate", entry.businessDate);
      for (const { currency, tender, amountMinor } of entry.draft.counted ?? [])
        body
          .add("tillsync:Counted")
          .text("tillsync:Currency", currency)
          .text("tillsync:Tender", tender)
          .text("tillsync:AmountMinor", String(amountMinor));
      break;
    default:
      entry satisfies never;
  }
}

/** Money into the drawer or out of it; what a sale without an order moves goes the same two ways. */
function writeTransaction(body: NewElement, draft: Extract<ImportedDocument, { kind: "transaction" }>["draft"]): void {
  const { amountMinor, currency = "" } = draft;
  const amount = amountText(Math.abs(amountMinor), currency);
  body.add(amountMinor < 0 ? "PaidOut" : "PaidIn").text("Amount", amount);
  writeFields(body, draft, TRANSACTION_FIELDS);
  writePrivate(body, draft.private);
}
