import type { LineDraft } from "@tillsync/engine";
import { lineAmountMinor } from "@tillsync/protocol";
import { cleaned, cut, shortened } from "../import/source-text.ts";
import type { LeftOut } from "./left-out.ts";
import { decimalOfText, minorOfText, needed, negated, textIn, wrongValue } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

const ITEM_MAX = 64;
const DESCRIPTION_MAX = 256;
const UNIT_MAX = 16;
const LINE_ID_MAX = 32;

/** The unit of a weighed line whose file does not say which: pounds or kilograms would be a guess. */
export const UNNAMED_WEIGHT = "weight";

/** A line while its rewards are still being looked for. */
export interface ForeignLine {
  readonly draft: LineDraft & { readonly amountMinor: number };
  /** What rewards call it by (NCR ACS `OperatorSequence`). */
  readonly rewardKey: string | undefined;
}

/** The line of a `Sale` or `Return`. @throws SyncError INVALID_INPUT */
export function lineOf(item: XmlElement, goods: XmlElement, currency: string, leftOut: LeftOut): ForeignLine {
  const itemType = goods.attribute("ItemType") ?? "Stock";
  const isVoid = item.attribute("VoidFlag") === "true";
  const isWeighed = item.attribute("acs:weightItem") === "true";
  const amount = goods.child("ExtendedAmount");
  const read = quantityOf(goods);
  const price = priceOf(goods, read.quantity, amount);
  const given = amount === undefined ? lineAmountMinor(read.quantity, price, currency) : minorOfText(amount, currency);
  const isBack = goods.name === "Return" && given > 0;
  const amountMinor = isBack ? -given : given;
  // A bottle refund is "1 at 2.00 makes -2.00" there; quantity times price has to explain the amount.
  const turned = isBack || (itemType === "acs:NegativeItem" && amountMinor < 0);
  const quantity = turned && !read.quantity.startsWith("-") ? negated(read.quantity) : read.quantity;
  const unit = read.unit ?? (isWeighed ? UNNAMED_WEIGHT : undefined);
  const description = textIn(goods, "Description");
  const discount = discountOf(goods, currency);
  if (isVoid) leftOut.note("lines with VoidFlag, kept as the negative lines they are");
  if (isWeighed && read.unit === undefined)
    leftOut.note(`weighed lines whose unit the file does not name, kept as "${UNNAMED_WEIGHT}"`);
  if (lineAmountMinor(quantity, price, currency) - (discount ?? 0) !== amountMinor)
    leftOut.note("lines whose amount is not quantity times unit price (several for one price); the amount is taken");
  return {
    draft: {
      id: shortened(needed(item, "SequenceNumber").text.trim(), LINE_ID_MAX),
      item: itemOf(goods),
      ...(description === undefined ? {} : { description: cut(cleaned(description), DESCRIPTION_MAX) }),
      quantity,
      unitPrice: price,
      amountMinor,
      ...(discount === undefined ? {} : { discountMinor: discount }),
      ...(unit === undefined ? {} : { unit }),
      ...(itemType === "Stock" ? {} : { stocked: false }),
    },
    rewardKey: goods.child("acs:OperatorSequence")?.text.trim(),
  };
}

/** A voided line that the till left out of its totals: flagged, and still with the sign of a sale. */
export function isStruckOut(item: XmlElement): boolean {
  if (item.peek("VoidFlag") !== "true") return false;
  return !item.children.some((part) =>
    /^-/.test(part.peekText("ExtendedAmount", "Amount") ?? part.peekText("Quantity") ?? ""),
  );
}

function itemOf(goods: XmlElement): string {
  const item =
    textIn(goods, "ItemID") ?? textIn(goods.child("POSIdentity"), "POSItemID") ?? textIn(goods, "Description");
  if (item === undefined) throw wrongValue(goods, "a line with an ItemID", "none");
  return shortened(cleaned(item), ITEM_MAX);
}

function quantityOf(goods: XmlElement): { readonly quantity: string; readonly unit?: string } {
  const element = goods.child("Quantity");
  if (element === undefined) return { quantity: "1" };
  const unit = element.attribute("UnitOfMeasureCode")?.trim();
  return { quantity: decimalOfText(element), ...(unit ? { unit: shortened(cleaned(unit), UNIT_MAX) } : {}) };
}

function priceOf(goods: XmlElement, quantity: string, amount: XmlElement | undefined): string {
  const price = goods.child("ActualSalesUnitPrice") ?? goods.child("RegularSalesUnitPrice");
  if (price !== undefined) return decimalOfText(price);
  if (amount === undefined || Number(quantity) !== 1)
    throw wrongValue(goods, "a line with RegularSalesUnitPrice", `none in ${goods.name}`);
  return decimalOfText(amount);
}

function discountOf(goods: XmlElement, currency: string): number | undefined {
  const element = goods.child("ExtendedDiscountAmount");
  const discount = element === undefined ? 0 : minorOfText(element, currency);
  return discount === 0 ? undefined : discount;
}
