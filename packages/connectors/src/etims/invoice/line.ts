import { lineAmountMinor, minorOf, type OrderLine, SyncError } from "@tillsync/protocol";
import type { ItemClass } from "./item-class.ts";
import { hundredthsOf, type KraCodes, type TaxType } from "./kra-codes.ts";
import { clipped } from "./text.ts";

/** A line before it is written: money in cents, quantities in hundredths. */
export interface TaxedLine {
  readonly item: ItemClass;
  readonly name: string;
  readonly taxType: TaxType;
  readonly quantityHundredths: number;
  readonly packages: number;
  readonly priceMinor: number;
  /** Quantity times price. */
  readonly supplyMinor: number;
  readonly discountMinor: number;
  /** What the buyer pays, tax included. */
  readonly totalMinor: number;
  readonly taxableMinor: number;
  readonly taxMinor: number;
}

/** Up to so many, a number of cents has its two decimals in a JSON number exactly: 15 digits of a double. */
export const MAX_MINOR = 999_999_999_999_999;
/** 13,2 on the wire. */
const MAX_QUANTITY_HUNDREDTHS = 9_999_999_999_999;

export interface LineGiven {
  /** Such as `lines[0]`. */
  readonly field: string;
  readonly line: OrderLine;
  readonly item: ItemClass;
  /** A credit note gives back: its lines are negative at the till, and positive for KRA. */
  readonly isBack: boolean;
}

/**
 * A line of an order as KRA counts it. The amount of the line is the fact; where quantity and price have more decimals
 * than KRA takes, price and discount are chosen so that they still give that amount to the cent.
 *
 * @throws SyncError INVALID_INPUT naming the field and what belongs there
 */
export function taxedLine({ field, line, item, isBack }: LineGiven, codes: KraCodes): TaxedLine {
  const totalMinor = isBack ? 0 - line.amountMinor : line.amountMinor;
  if (totalMinor < 0 || totalMinor > MAX_MINOR) throw wrongSign(`${field}.amountMinor`, isBack);
  const quantity = isBack ? negated(line.quantity) : line.quantity;
  if (quantity.startsWith("-") || Number(quantity) === 0) throw wrongSign(`${field}.quantity`, isBack);
  if (line.unitPrice.startsWith("-")) throw wrong(`${field}.unitPrice`, "a price that is not negative");
  checkRate(`${field}.taxRate`, line.taxRate, codes.rates[item.taxTyCd]);
  const priced = priceOf(quantity, line.unitPrice, totalMinor);
  if (priced.quantityHundredths > MAX_QUANTITY_HUNDREDTHS || priced.supplyMinor > MAX_MINOR)
    throw wrong(`${field}.quantity`, "a quantity that KRA has room for");
  const taxableMinor = withoutTax(totalMinor, codes.rates[item.taxTyCd]);
  return {
    item,
    name: clipped(line.description ?? item.name ?? line.item, 200),
    taxType: item.taxTyCd,
    ...priced,
    packages: packagesOf(priced.quantityHundredths, item.unitsPerPackage),
    totalMinor,
    taxableMinor,
    taxMinor: totalMinor - taxableMinor,
  };
}

type Priced = Pick<TaxedLine, "quantityHundredths" | "priceMinor" | "supplyMinor" | "discountMinor">;

function priceOf(quantity: string, unitPrice: string, totalMinor: number): Priced {
  const grossMinor = lineAmountMinor(quantity, unitPrice, "KES");
  const exact = hundredthsOf(quantity);
  const exactPrice = hundredthsOf(unitPrice);
  if (exact !== undefined && exactPrice !== undefined && grossMinor >= totalMinor) {
    const discountMinor = grossMinor - totalMinor;
    return { quantityHundredths: exact, priceMinor: exactPrice, supplyMinor: grossMinor, discountMinor };
  }
  // The least price in whole cents that is enough, and what it is too much is a discount.
  const quantityHundredths = exact ?? Math.max(minorOf(quantity, "KES"), 1);
  const [amount, divisor] = [BigInt(Math.max(grossMinor, totalMinor)) * 100n, BigInt(quantityHundredths)];
  const price = (amount + divisor - 1n) / divisor;
  const supplyMinor = Number((price * divisor + 50n) / 100n);
  return { quantityHundredths, priceMinor: Number(price), supplyMinor, discountMinor: supplyMinor - totalMinor };
}

/** An amount without the tax inside it, half up. `rate` is in hundredths of a percent. */
export function withoutTax(totalMinor: number, rate: number): number {
  const divisor = 10_000n + BigInt(rate);
  return Number((BigInt(totalMinor) * 20_000n + divisor) / (divisor * 2n));
}

/** Whole packages: KRA refuses 0. */
function packagesOf(quantityHundredths: number, unitsPerPackage: string | undefined): number {
  const each = hundredthsOf(unitsPerPackage) ?? 100;
  return Math.max(Math.ceil(quantityHundredths / Math.max(each, 1)), 1);
}

/** The till printed this rate; KRA counts with its own. */
function checkRate(field: string, printed: string | undefined, rate: number): void {
  if (printed === undefined || hundredthsOf(printed) === rate) return;
  throw wrong(field, `KRA's rate for this item, ${rate / 100} percent`);
}

function negated(decimal: string): string {
  return decimal.startsWith("-") ? decimal.slice(1) : `-${decimal}`;
}

function wrongSign(field: string, isBack: boolean): SyncError {
  const what = isBack ? "given back (negative) in a credit note" : "sold (positive) in a sale";
  return wrong(field, `an amount that is ${what}: KRA's lines have one sign`);
}

function wrong(field: string, expected: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}.`, { field, expected });
}
