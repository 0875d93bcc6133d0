import { SyncError } from "@tillsync/protocol";
import { NONE, ORDER_FIELDS, TENDERS } from "./fields.ts";
import { exactly, exactlyIn, flagOf, ownFields, ownPrivate } from "./own-values.ts";
import { minorOfText, needed, wrongValue } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

/** An order of our own writing. @throws SyncError INVALID_INPUT; TOTALS_MISMATCH when its total is not that of its lines */
export function ownOrder(retail: XmlElement, currency: string): object {
  const items = retail.all("LineItem").map((item, index) => ({ item, ...partOf(item), number: index + 1 }));
  const lines = items.flatMap(({ item, part, number }) =>
    part.name === "Sale" || part.name === "Return" ? [lineOf(item, part, number, currency)] : [],
  );
  const taxes = items.flatMap(({ part }) => (part.name === "Tax" ? [taxOf(part, currency)] : []));
  const tenders = items.flatMap(({ part }) => (part.name === "Tender" ? [tenderOf(part, currency)] : []));
  const hasTaxes = retail.attribute("tillsync:taxes") === NONE || taxes.length > 0;
  checkTotal(retail, currency, lines, taxes);
  const points = exactlyIn(retail, "tillsync:LoyaltyPoints");
  const customer = retail.child("Customer");
  return {
    documentType: retail.attribute("tillsync:documentType"),
    currency,
    lines,
    tenders,
    ...(hasTaxes ? { taxes } : {}),
    ...(customer === undefined ? {} : { customerId: exactly(needed(customer, "CustomerID")) }),
    ...ownFields(retail, [["receiptNumber", "tillsync:ReceiptNumber"]]),
    ...(points === undefined ? {} : { loyaltyPoints: Number(points) }),
    ...ownFields(retail, ORDER_FIELDS),
    ...originalOf(retail),
    ...sourceOf(retail),
    ...ownPrivate(retail),
  };
}

/** What a line item is: its one part beside the number. */
function partOf(item: XmlElement): { readonly part: XmlElement } {
  exactlyIn(item, "SequenceNumber");
  const part = item.children.find(({ name }) => ["Sale", "Return", "Tax", "Tender"].includes(name));
  if (part === undefined) throw wrongValue(item, "a LineItem with Sale, Return, Tax or Tender", "none of them");
  return { part: part.take() };
}

function lineOf(item: XmlElement, goods: XmlElement, number: number, currency: string) {
  goods.attribute("ItemType");
  const discount = goods.child("ExtendedDiscountAmount");
  const quantity = needed(goods, "Quantity");
  const unit = quantity.attribute("UnitOfMeasureCode") ?? exactlyIn(goods, "tillsync:Unit");
  const stocked = flagOf(goods, "tillsync:stocked");
  return {
    id: exactlyIn(item, "tillsync:ID") ?? String(number),
    ...ownFields(goods, [
      ["item", "ItemID"],
      ["description", "Description"],
      ["taxCode", "TaxGroupID"],
      ["unitPrice", "RegularSalesUnitPrice"],
      ["taxRate", "tillsync:TaxRate"],
      ["priceVersion", "tillsync:PriceVersion"],
    ]),
    quantity: exactly(quantity),
    amountMinor: minorOfText(needed(goods, "ExtendedAmount"), currency),
    ...(discount === undefined ? {} : { discountMinor: minorOfText(discount, currency) }),
    ...(unit === undefined ? {} : { unit }),
    ...(stocked === undefined ? {} : { stocked }),
  };
}

function taxOf(tax: XmlElement, currency: string) {
  return {
    code: exactlyIn(tax, "TaxGroupID"),
    rate: exactlyIn(tax, "Percent"),
    baseMinor: minorOfText(needed(tax, "TaxableAmount"), currency),
    taxMinor: minorOfText(needed(tax, "Amount"), currency),
    included: flagOf(tax, "tillsync:included"),
  };
}

function tenderOf(tender: XmlElement, currency: string) {
  tender.attribute("TypeCode");
  const reference = exactlyIn(tender.child("Authorization") ?? tender, "ReferenceNumber");
  const type = tender.attribute("TenderType") ?? "";
  return {
    type: exactlyIn(tender, "tillsync:Type") ?? (Object.hasOwn(TENDERS, type) ? TENDERS[type] : type),
    amountMinor: minorOfText(needed(tender, "Amount"), currency),
    ...(reference === undefined ? {} : { reference }),
  };
}

/** A total that somebody changed, or lines that somebody did: either way it is not what was sold. */
function checkTotal(
  retail: XmlElement,
  currency: string,
  lines: readonly { readonly amountMinor: number }[],
  taxes: readonly { readonly taxMinor: number; readonly included: boolean | undefined }[],
): void {
  const onTop = taxes.filter(({ included }) => included !== true);
  const totals = {
    TransactionGrandAmount: lines.reduce((sum, line) => sum + line.amountMinor, 0) + taxSum(onTop),
    TransactionTaxAmount: taxSum(taxes),
  };
  for (const total of retail.all("Total")) {
    const type = total.attribute("TotalType") ?? "";
    if (!Object.hasOwn(totals, type)) continue;
    const expected = totals[type as keyof typeof totals];
    const got = minorOfText(total, currency);
    if (got === expected) continue;
    const { line, column } = total.position;
    const message = `${total.path} ${type} (line ${line} column ${column}) is ${got} minor units, but the lines and taxes make ${expected}.`;
    throw new SyncError("TOTALS_MISMATCH", message, { field: type, expected: String(expected), got: String(got) });
  }
}

function taxSum(taxes: readonly { readonly taxMinor: number }[]): number {
  return taxes.reduce((sum, tax) => sum + tax.taxMinor, 0);
}

function originalOf(retail: XmlElement): object {
  const link = retail.child("TransactionLink");
  if (link === undefined) return {};
  link.attribute("ReasonCode");
  const fields = [
    ["localId", "tillsync:LocalID"],
    ["receiptNumber", "tillsync:ReceiptNumber"],
  ] as const;
  return { original: ownFields(link, fields) };
}

function sourceOf(retail: XmlElement): object {
  const source = retail.child("tillsync:Source");
  if (source === undefined) return {};
  const madeUp = source.all("tillsync:MadeUp").map(exactly);
  const hasMadeUp = source.attribute("tillsync:madeUp") === NONE || madeUp.length > 0;
  return { source: { system: exactlyIn(source, "tillsync:System"), ...(hasMadeUp ? { madeUp } : {}) } };
}
