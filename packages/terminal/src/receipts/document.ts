import { formatMinor, type OrderClosed } from "@tillsync/protocol";
import { type Fiscal, fiscalElements, titleOf } from "./fiscal-block.ts";

/** What a printer or a screen can show. A receipt is a list of these, and says nothing of widths or bytes. */
export type Element =
  | { readonly kind: "text"; readonly text: string; readonly align?: "center"; readonly bold?: true }
  | { readonly kind: "row"; readonly left: string; readonly right: string; readonly bold?: true }
  | { readonly kind: "rule" }
  | { readonly kind: "qr"; readonly content: string }
  | { readonly kind: "cut" };

export interface ReceiptFacts {
  readonly order: OrderClosed;
  /** When it was closed, ISO 8601 in UTC. */
  readonly closedAt: string;
  /** The short id of the till. */
  readonly till: string;
  /** IANA name; times are those on the store's clock. */
  readonly timeZone: string;
  /** The shop's own lines above and below: name, address, tax number, thanks. */
  readonly header: readonly string[];
  readonly footer: readonly string[];
  readonly fiscal?: Fiscal | undefined;
  /** Every print after the first says so. `repeat`: the one before was cut off half way. */
  readonly print: "original" | "copy" | "repeat";
}

/** The receipt of a closed order, of a return, or of the document that took one back. */
export function receiptDocument(facts: ReceiptFacts): readonly Element[] {
  const { order, print, fiscal } = facts;
  return [
    ...facts.header.map(centred),
    bold(titleOf(order.documentType, fiscal)),
    ...(print === "copy" ? [bold("*** COPY ***")] : []),
    ...(print === "repeat" ? [bold("*** REPEAT: THE PRINT BEFORE WAS CUT OFF ***")] : []),
    ...heading(facts),
    { kind: "rule" },
    ...order.lines.flatMap((line) => lineElements(line, order.currency)),
    { kind: "rule" },
    ...totals(order),
    ...(fiscal === undefined ? [] : fiscalElements(fiscal, facts)),
    ...facts.footer.map(centred),
    { kind: "cut" },
  ];
}

const centred = (text: string): Element => ({ kind: "text", text, align: "center" });
const bold = (text: string): Element => ({ kind: "text", text, align: "center", bold: true });
const row = (left: string, right: string): Element => ({ kind: "row", left, right });

function heading({ order, closedAt, till, timeZone }: ReceiptFacts): readonly Element[] {
  return [
    row("Receipt", order.receiptNumber),
    row("Date", storeTime(closedAt, timeZone)),
    row("Till", till),
    ...(order.operator === undefined ? [] : [row("Served by", order.operator)]),
    ...(order.orderNumber === undefined ? [] : [row("Order", order.orderNumber)]),
    ...(order.original?.receiptNumber === undefined ? [] : [row("For receipt", order.original.receiptNumber)]),
  ];
}

/** The name on lines of its own, so that a long one never pushes the amount away. */
function lineElements(line: OrderClosed["lines"][number], currency: string): readonly Element[] {
  const unit = line.unit === undefined ? "" : ` ${line.unit}`;
  const price = `  ${line.quantity}${unit} x ${line.unitPrice}`;
  const discount = line.discountMinor ?? 0;
  return [
    { kind: "text", text: line.description || line.item },
    row(price, `${formatMinor(line.amountMinor, currency)}${line.taxCode ?? ""}`),
    ...(discount === 0 ? [] : [row("  discount in it", formatMinor(discount, currency))]),
  ];
}

function totals({ currency, lines, taxes = [], tenders, totalMinor }: OrderClosed): readonly Element[] {
  const money = (amountMinor: number) => formatMinor(amountMinor, currency);
  const taxText = (tax: (typeof taxes)[number]) => `Tax ${tax.code} ${tax.rate} %${tax.included ? " included" : ""}`;
  return [
    { kind: "row", left: `TOTAL ${currency}`, right: money(totalMinor), bold: true },
    row("Items", String(lines.length)),
    ...taxes.flatMap((tax) => [row(`Base ${tax.code}`, money(tax.baseMinor)), row(taxText(tax), money(tax.taxMinor))]),
    ...tenders.map((tender) => row(tenderName(tender, totalMinor), money(shown(tender, totalMinor)))),
  ];
}

type Tender = OrderClosed["tenders"][number];

/** Cash against the direction of the total is change; on a refund it is the customer's. */
const isChange = ({ type, amountMinor }: Tender, totalMinor: number) =>
  type === "cash" && totalMinor >= 0 && amountMinor < 0;
const shown = (tender: Tender, totalMinor: number) =>
  isChange(tender, totalMinor) ? -tender.amountMinor : tender.amountMinor;

function tenderName(tender: Tender, totalMinor: number): string {
  const name = isChange(tender, totalMinor) ? "Change" : tender.type;
  return tender.reference === undefined ? name : `${name} ${tender.reference}`;
}

/** `2026-01-16 11:00:00` on the store's clock. */
export function storeTime(at: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return format.format(new Date(at));
}
