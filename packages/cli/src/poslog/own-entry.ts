import { parseAs, SyncError } from "@tillsync/protocol";
import { documentOf, documentSchema, type ImportedEntry } from "../import/documents.ts";
import { type Fields, INVENTORY_FIELDS, KIND_ELEMENTS, TRANSACTION_FIELDS } from "./fields.ts";
import { ownOrder } from "./own-order.ts";
import { exactly, exactlyIn, ownFields, ownPrivate } from "./own-values.ts";
import { minorOfText, needed, wrongValue } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

type Kind = keyof typeof KIND_ELEMENTS;

/** What our own export wrote into the log; undefined for a transaction of another system. */
export function ownKind(transaction: XmlElement): string | undefined {
  return transaction.attribute("tillsync:kind");
}

/** A document that `tillsync export` wrote, with every field it had. @throws SyncError INVALID_INPUT, TOTALS_MISMATCH */
export function ownEntry(transaction: XmlElement, kind: string): ImportedEntry {
  transaction.take();
  if (!Object.hasOwn(KIND_ELEMENTS, kind))
    throw wrongValue(transaction, "a kind of document that this version knows", kind);
  const body = needed(transaction, KIND_ELEMENTS[kind as Kind]);
  const outsideShift = body.attribute("tillsync:outsideShift");
  body.attribute("Version");
  for (const name of ["RetailStoreID", "SequenceNumber"]) exactlyIn(transaction, name);
  const entry = {
    kind,
    localId: transaction.attribute("tillsync:localId"),
    terminal: exactlyIn(transaction, "WorkstationID"),
    businessDate: exactly(needed(transaction, "BusinessDayDate")),
    ...ownFields(transaction, HEADER_FIELDS),
    ...(outsideShift === undefined ? {} : { outsideShift: outsideShift === "true" }),
    ...bodyOf(body, kind as Kind, exactlyIn(transaction, "CurrencyCode")),
  };
  return documentOf(parseAs(documentSchema, entry));
}

const HEADER_FIELDS: Fields = [
  ["operator", "OperatorID"],
  ["occurredAt", "EndDateTime"],
];

function bodyOf(body: XmlElement, kind: Kind, currency: string | undefined): object {
  switch (kind) {
    case "order":
      return ownOrder(body, currencyOf(body, currency));
    case "transaction":
      return ownTransaction(body, currencyOf(body, currency));
    case "inventory":
      return ownFields(body, INVENTORY_FIELDS);
    case "shift.opened": {
      takeAll(needed(body, "OperatorSignOn"));
      const float = body.child("tillsync:OpeningFloatMinor");
      return float === undefined ? {} : { openingFloatMinor: Number(exactly(float)) };
    }
    case "shift.closed":
      takeAll(needed(body, "OperatorSignOff"));
      return ownCounted(body);
    default:
      return kind satisfies never;
  }
}

function ownCounted(body: XmlElement): object {
  const counted = body.all("tillsync:Counted").map((one) => ({
    currency: exactly(needed(one, "tillsync:Currency")),
    tender: exactly(needed(one, "tillsync:Tender")),
    amountMinor: Number(exactly(needed(one, "tillsync:AmountMinor"))),
  }));
  return counted.length === 0 ? {} : { counted };
}

function ownTransaction(body: XmlElement, currency: string): object {
  const paidOut = body.child("PaidOut");
  const amountMinor = minorOfText(needed(paidOut ?? needed(body, "PaidIn"), "Amount"), currency);
  return {
    currency,
    amountMinor: paidOut === undefined ? amountMinor : -amountMinor,
    ...ownFields(body, TRANSACTION_FIELDS),
    ...ownPrivate(body),
  };
}

/** Times that repeat the transaction's own; they are for other readers. */
function takeAll(element: XmlElement): void {
  for (const { name } of element.children) exactlyIn(element, name);
}

function currencyOf(body: XmlElement, currency: string | undefined): string {
  if (currency !== undefined && /^[A-Z]{3}$/.test(currency)) return currency;
  throw new SyncError(
    "INVALID_INPUT",
    `CurrencyCode (line ${body.position.line}) must be an ISO 4217 code such as KES.`,
    {
      field: "CurrencyCode",
      expected: "an ISO 4217 code such as KES",
      got: currency ?? "none",
    },
  );
}
