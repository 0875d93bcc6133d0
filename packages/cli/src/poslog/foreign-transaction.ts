import { parseAs } from "@tillsync/protocol";
import { documentOf, documentSchema, type ImportedEntry } from "../import/documents.ts";
import { type ForeignFile, type ForeignHeader, headerOf } from "./foreign-header.ts";
import { kebab } from "./foreign-money.ts";
import { orderOf } from "./foreign-sale.ts";
import { textIn, wrongValue } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

/** Transactions in these states moved neither goods nor money; the sale itself is another transaction. */
const NOTHING_HAPPENED: ReadonlySet<string> = new Set([
  "Suspended",
  "SuspendedDeleted",
  "Cancelled",
  "Canceled",
  "Voided",
  "Failed",
]);

/** Names of what happens at a till beside selling; others keep theirs, with hyphens. */
const CONTROL_TYPES: Readonly<Record<string, string>> = { OperatorSignOn: "sign-on", OperatorSignOff: "sign-off" };

/** What a transaction of another system is to us: a document, or left out for a reason. */
export type ForeignOutcome = { readonly entry: ImportedEntry } | { readonly leftOut: string; readonly name: string };

/** @throws SyncError INVALID_INPUT, TOTALS_MISMATCH */
export function foreignOutcome(transaction: XmlElement, file: ForeignFile): ForeignOutcome {
  transaction.take();
  const retail = transaction.children.find(({ name }) => name === "RetailTransaction");
  const control = transaction.children.find(({ name }) => name === "ControlTransaction");
  const flag = (name: string) => transaction.attribute(name) === "true";
  if (flag("TrainingModeFlag")) return { name: "Transaction(training)", leftOut: "rung up for training, not sold" };
  if (flag("CancelFlag")) return { name: "Transaction(cancelled)", leftOut: "cancelled before payment" };
  if (retail !== undefined) {
    const status = retail.attribute("TransactionStatus") ?? "";
    if (NOTHING_HAPPENED.has(status))
      return { name: `RetailTransaction(${status})`, leftOut: "no goods or money moved in this state" };
    const header = headerOf(transaction, file);
    const draft = orderOf(retail.take(), header, file);
    return checked({ kind: "order", businessDate: header.businessDate, ...draft });
  }
  if (control !== undefined) return checked(controlOf(control.take(), headerOf(transaction, file)));
  const kind = transaction.children.find(({ name }) => name.endsWith("Transaction"))?.name;
  if (kind === undefined) throw wrongValue(transaction, "a transaction of a known kind", "none");
  return { name: kind, leftOut: "a kind of transaction that makes no document here" };
}

/** Sign-on, sign-off, no-sale: a transaction without money, so that who did it and when is kept. */
function controlOf(control: XmlElement, header: ForeignHeader): object {
  const what = control.children.find(({ name }) => name !== "ReasonCode")?.take();
  const name = what?.name ?? "Control";
  const reason = textIn(control, "ReasonCode");
  const { businessDate, ...rest } = header;
  return {
    kind: "transaction",
    businessDate,
    ...rest,
    type: (CONTROL_TYPES[name] ?? kebab(name)).slice(0, 32),
    amountMinor: 0,
    ...(reason === undefined ? {} : { reason: reason.slice(0, 256) }),
  };
}

function checked(document: object): ForeignOutcome {
  return { entry: documentOf(parseAs(documentSchema, document)) };
}
