import type { LineDraft, OrderDraft } from "@tillsync/engine";
import type { Random } from "../random.ts";

const ITEMS = ["bread", "milk", "tea", "soap", "maize", "beans", "airtime", "crème brûlée", "手拭い", "naïve 🙂"];
const TENDERS = ["cash", "card", "mpesa", "voucher"];

/** Decimal places of the currencies that are sold in here, by ISO 4217. */
export const DIGITS: Readonly<Record<string, number>> = { KES: 2, JPY: 0, KWD: 3 };
export const CURRENCIES = Object.keys(DIGITS);

/** A basket with what it costs, worked out apart from the product. */
export interface Basket {
  readonly lines: readonly LineDraft[];
  readonly amountMinor: number;
}

export function basketOf(random: Random, currency: string, options: { sign?: 1 | -1; idPrefix?: string } = {}): Basket {
  const { sign = 1, idPrefix } = options;
  const lines: LineDraft[] = [];
  let amountMinor = 0;
  const size = random.between(1, 4);
  for (let index = 0; index < size; index++) {
    const quantity = quantityText(random, sign);
    const unitPrice = decimalText(random.below(500_000), random.pick([0, 1, 2, 4]));
    const exact = lineMinor(quantity, unitPrice, currency);
    const discountMinor = random.chance(0.1) && sign > 0 ? random.below(Math.max(1, Math.floor(exact / 2))) : 0;
    amountMinor += exact - discountMinor;
    lines.push({
      ...(idPrefix === undefined ? {} : { id: `${idPrefix}${index}` }),
      item: random.pick(ITEMS),
      quantity,
      unitPrice,
      ...(discountMinor === 0 ? {} : { discountMinor }),
    });
  }
  return { lines, amountMinor };
}

/** Payment of exactly this much: one tender, two, or cash with change given back. */
export function tendersFor(random: Random, amountMinor: number): OrderDraft["tenders"] {
  const way = random.below(3);
  if (way === 0) return [{ type: random.pick(TENDERS), amountMinor }];
  const extra = random.between(1, 5_000);
  if (way === 1)
    return [
      { type: "cash", amountMinor: amountMinor + extra },
      { type: "cash", amountMinor: -extra },
    ];
  return [
    { type: "mpesa", amountMinor: extra, reference: `M${random.hex(8).toUpperCase()}` },
    { type: "cash", amountMinor: amountMinor - extra },
  ];
}

export function stockDelta(random: Random): string {
  return random.chance(0.3) ? decimalText(random.between(1, 9_999), 3) : String(random.between(-20, 50));
}

function quantityText(random: Random, sign: 1 | -1): string {
  const text = random.chance(0.2) ? decimalText(random.between(1, 9_999), 3) : String(random.between(1, 6));
  return sign < 0 ? `-${text}` : text;
}

function decimalText(units: number, places: number): string {
  if (places === 0) return String(units);
  const digits = String(units).padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Quantity times price in minor units, half away from zero, in whole numbers only. */
export function lineMinor(quantity: string, unitPrice: string, currency: string): number {
  const digits = DIGITS[currency] ?? 2;
  const [a, aPlaces] = whole(quantity);
  const [b, bPlaces] = whole(unitPrice);
  const product = a * b * 10n ** BigInt(digits);
  const divisor = 10n ** BigInt(aPlaces + bPlaces);
  const size = product < 0n ? -product : product;
  const rounded = (2n * size + divisor) / (2n * divisor);
  return Number(product < 0n ? -rounded : rounded);
}

function whole(decimal: string): [bigint, number] {
  const point = decimal.indexOf(".");
  return [BigInt(decimal.replace(".", "")), point < 0 ? 0 : decimal.length - point - 1];
}
