import type { OrderDraft } from "@tillsync/engine";
import { minorDigits } from "@tillsync/protocol";
import { totalOf } from "../import/documents.ts";
import { NONE, ORDER_FIELDS, OTHER_TENDER, TENDERS } from "./fields.ts";
import { writeFields, writePrivate } from "./write-fields.ts";
import type { NewElement } from "./xml-writer.ts";

/** Units that can stand in an attribute as they are. */
const PLAIN_UNIT = /^[A-Za-z0-9._-]+$/;

/** An amount as POSLog writes it: `-12.50`. Exact for every whole number of minor units. */
export function amountText(amountMinor: number, currencyCode: string): string {
  const digits = minorDigits(currencyCode);
  const text = String(Math.abs(amountMinor)).padStart(digits + 1, "0");
  const sign = amountMinor < 0 ? "-" : "";
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** An order with all it says. Amounts and quantities keep their sign: what goes back to the customer is negative. */
export function writeOrder(retail: NewElement, draft: OrderDraft, receiptNumber: string | undefined): void {
  const { currency = "", taxes, documentType = "sale" } = draft;
  const amount = (minor: number) => amountText(minor, currency);
  retail.attributes({
    "tillsync:documentType": documentType,
    "tillsync:taxes": taxes?.length === 0 ? NONE : undefined,
  });
  const items = lineItems(retail);
  for (const line of draft.lines) writeLine(items.next(line.id), line, { documentType, amount });
  for (const tax of taxes ?? []) {
    items
      .next()
      .add("Tax", { "tillsync:included": String(tax.included) })
      .text("TaxGroupID", tax.code)
      .text("TaxableAmount", amount(tax.baseMinor))
      .text("Amount", amount(tax.taxMinor))
      .text("Percent", tax.rate);
  }
  for (const tender of draft.tenders) writeTender(items.next(), tender, amount);
  const total = totalOf(draft) ?? 0;
  const taxMinor = (taxes ?? []).reduce((sum, tax) => sum + tax.taxMinor, 0);
  retail.text("Total", amount(total), { TotalType: "TransactionGrandAmount" });
  retail.text("Total", amount(taxMinor), { TotalType: "TransactionTaxAmount" });
  if (draft.original !== undefined) {
    const link = retail.add("TransactionLink", { ReasonCode: documentType === "void" ? "Void" : "Return" });
    link.text("tillsync:LocalID", draft.original.localId).text("tillsync:ReceiptNumber", draft.original.receiptNumber);
  }
  if (draft.customerId !== undefined) retail.add("Customer").text("CustomerID", draft.customerId);
  retail.text("tillsync:ReceiptNumber", receiptNumber);
  if (draft.loyaltyPoints !== undefined) retail.text("tillsync:LoyaltyPoints", String(draft.loyaltyPoints));
  writeFields(retail, draft, ORDER_FIELDS);
  writeSource(retail, draft.source);
  writePrivate(retail, draft.private);
}

interface LineItems {
  /** The next line item; a line whose id is not its number says so. */
  next(id?: string): NewElement;
}

function lineItems(retail: NewElement): LineItems {
  let number = 0;
  return {
    next: (id) => {
      number += 1;
      const item = retail.add("LineItem").text("SequenceNumber", String(number));
      return id === undefined || id === String(number) ? item : item.text("tillsync:ID", id);
    },
  };
}

interface LineContext {
  readonly documentType: string;
  readonly amount: (minor: number) => string;
}

function writeLine(item: NewElement, line: OrderDraft["lines"][number], { documentType, amount }: LineContext): void {
  const isPlain = line.unit !== undefined && PLAIN_UNIT.test(line.unit);
  const goods = item.add(documentType === "return" ? "Return" : "Sale", {
    ItemType: line.stocked === false ? "Service" : "Stock",
    "tillsync:stocked": line.stocked === undefined ? undefined : String(line.stocked),
  });
  goods
    .text("ItemID", line.item)
    .text("Description", line.description)
    .text("TaxGroupID", line.taxCode)
    .text("RegularSalesUnitPrice", line.unitPrice)
    .text("ExtendedAmount", amount(line.amountMinor ?? 0));
  if (line.discountMinor !== undefined) goods.text("ExtendedDiscountAmount", amount(line.discountMinor));
  goods.text("Quantity", line.quantity, isPlain ? { UnitOfMeasureCode: line.unit } : {});
  if (!isPlain) goods.text("tillsync:Unit", line.unit);
  goods.text("tillsync:TaxRate", line.taxRate);
  goods.text("tillsync:PriceVersion", line.priceVersion);
}

function writeTender(item: NewElement, tender: OrderDraft["tenders"][number], amount: (minor: number) => string): void {
  const known = Object.keys(TENDERS).find((name) => TENDERS[name] === tender.type);
  const written = item.add("Tender", { TenderType: known ?? OTHER_TENDER, TypeCode: "Sale" });
  written.text("Amount", amount(tender.amountMinor));
  if (tender.reference !== undefined) written.add("Authorization").text("ReferenceNumber", tender.reference);
  if (known === undefined) written.text("tillsync:Type", tender.type);
}

function writeSource(retail: NewElement, source: OrderDraft["source"]): void {
  if (source === undefined) return;
  const { system, madeUp } = source;
  const written = retail.add("tillsync:Source", { "tillsync:madeUp": madeUp?.length === 0 ? NONE : undefined });
  written.text("tillsync:System", system);
  for (const field of madeUp ?? []) written.text("tillsync:MadeUp", field);
}
