import { type RowOf, type Scope, subtractDecimals } from "@tillsync/protocol";
import type { Found } from "./layers.ts";

/** For what a price is wanted. */
export interface PriceQuestion {
  readonly currency: string;
  /** Wall time, milliseconds. */
  readonly atMs: number;
  /** Decimal text; prices from a quantity on hold only there. */
  readonly quantity: string;
  /** The default list when left out. */
  readonly priceList?: string | undefined;
}

/**
 * The price that holds at that moment: a store's own before the organization's; then the largest step of quantity that is
 * reached; then the one that began last. So a price of tomorrow takes over by itself, without a word from the centre.
 */
export function priceOf(rows: readonly Found<"prices">[], question: PriceQuestion): Found<"prices"> | undefined {
  return rows.filter(({ row }) => holds(row, question)).toSorted(byPrecedence)[0];
}

/** When the price may change next by the clock alone; null when no row says so. */
export function nextChange(rows: readonly Found<"prices">[], { atMs, currency }: PriceQuestion): string | null {
  const moments = rows
    .filter(({ row }) => row.currency === currency)
    .flatMap(({ row }) => [row.effectiveFrom, ...(row.effectiveTo === undefined ? [] : [row.effectiveTo])])
    .filter((at) => Date.parse(at) > atMs);
  return moments.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

function holds(row: RowOf<"prices">, { currency, atMs, quantity, priceList }: PriceQuestion): boolean {
  if (row.currency !== currency || row.priceList !== priceList) return false;
  if (Date.parse(row.effectiveFrom) > atMs) return false;
  if (row.effectiveTo !== undefined && Date.parse(row.effectiveTo) <= atMs) return false;
  return compareDecimals(quantity.replace("-", ""), stepOf(row)) >= 0;
}

function byPrecedence(a: Found<"prices">, b: Found<"prices">): number {
  if (a.scope !== b.scope) return a.scope === "store" ? -1 : 1;
  const step = compareDecimals(stepOf(b.row), stepOf(a.row));
  const began = Date.parse(b.row.effectiveFrom) - Date.parse(a.row.effectiveFrom);
  return step || began || (a.row.id < b.row.id ? -1 : 1);
}

function stepOf({ minimumQuantity = "0" }: RowOf<"prices">): string {
  return minimumQuantity;
}

function compareDecimals(a: string, b: string): number {
  return Math.sign(Number(subtractDecimals(a, b)));
}

/** Which list of prices a line was priced by: `prices@17`, or `prices.store@4` for a price of the store's own. */
export function priceVersion(scope: Scope, n: number): string {
  return scope === "store" ? `prices.store@${n}` : `prices@${n}`;
}
