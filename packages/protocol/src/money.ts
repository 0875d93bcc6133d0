import Big from "big.js";
import { z } from "zod";
import { SyncError } from "./errors.ts";
import { minorDigits } from "./minor-digits.ts";

/** ISO 4217 alphabetic code. */
export const currency = z.string().regex(/^[A-Z]{3}$/, "an ISO 4217 code such as KES");

/** An amount in minor units of its currency (cents), as a whole number. */
export const minor = z.int();

/** A quantity or unit price: decimal text, so that no binary fraction ever touches it. */
export const decimal = z
  .string()
  .regex(/^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$/, 'decimal text such as "1" or "0.250"');

/**
 * The amount of a line in minor units: quantity times unit price, rounded half-up per line, away from zero for returns, so
 * that a return is the exact opposite of its sale.
 *
 * @throws SyncError INVALID_INPUT when either is not decimal text or the result is no safe integer
 */
export function lineAmountMinor(quantity: string, unitPrice: string, currencyCode: string): number {
  const product = decimalOf(quantity, "quantity").times(decimalOf(unitPrice, "unitPrice"));
  return toMinor(product, currencyCode);
}

/** A decimal text such as `45.99` in minor units, half-up. @throws SyncError INVALID_INPUT */
export function minorOf(amount: string, currencyCode: string): number {
  return toMinor(decimalOf(amount, "amount"), currencyCode);
}

/** Minor units as people write them: `12.50`. */
export function formatMinor(amountMinor: number, currencyCode: string): string {
  const digits = minorDigits(currencyCode);
  return new Big(amountMinor).div(new Big(10).pow(digits)).toFixed(digits);
}

/** What a number of somebody else's may look like. Longer ones, and exponents of three digits, are nobody's money. */
const FOREIGN_NUMBER = /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?$/;

/**
 * An amount as other systems write it, in minor units: `45.99`, `1e2`, and `45.989999999999995`, which is what a binary
 * fraction prints. Rounded half-up as into requirement 004's DECIMAL(10,2).
 *
 * @returns undefined for what is no number, or too large to be counted exactly; `rounded` when it was no whole number of minor units
 */
export function readMinor(text: string, currencyCode: string): { minor: number; rounded: boolean } | undefined {
  if (!FOREIGN_NUMBER.test(text)) return undefined;
  const exact = new Big(text).times(new Big(10).pow(minorDigits(currencyCode)));
  const whole = exact.round(0, Big.roundHalfUp);
  const amount = Number(whole.toFixed(0));
  if (!Number.isSafeInteger(amount)) return undefined;
  return { minor: amount === 0 ? 0 : amount, rounded: !whole.eq(exact) };
}

/** A number as other systems write it, as the decimal text of `decimal`: at most six places, half-up. */
export function readDecimal(text: string): string | undefined {
  if (!FOREIGN_NUMBER.test(text)) return undefined;
  const plain = new Big(text).round(6, Big.roundHalfUp);
  const written = plain.eq(0) ? "0" : plain.toFixed();
  return decimal.safeParse(written).success ? written : undefined;
}

/** `minuend - subtrahend`, both decimal text. */
export function subtractDecimals(minuend: string, subtrahend: string): string {
  return new Big(minuend).minus(subtrahend).toFixed();
}

/** `a * b`, both decimal text, as `decimal` writes it: at most six places, half-up. @throws SyncError INVALID_INPUT */
export function multiplyDecimals(a: string, b: string): string {
  const product = decimalOf(a, "quantity").times(decimalOf(b, "quantity"));
  return product.round(6, Big.roundHalfUp).toFixed();
}

function decimalOf(text: string, field: string): Big {
  if (!decimal.safeParse(text).success) {
    const expected = 'decimal text such as "1" or "0.250"';
    throw new SyncError("INVALID_INPUT", `${field} must be ${expected}; got ${JSON.stringify(text)}.`, {
      field,
      expected,
      got: text,
    });
  }
  return new Big(text);
}

function toMinor(amount: Big, currencyCode: string): number {
  const result = Number(
    amount
      .times(new Big(10).pow(minorDigits(currencyCode)))
      .round(0, Big.roundHalfUp)
      .toFixed(0),
  );
  if (!Number.isSafeInteger(result)) {
    throw new SyncError("INVALID_INPUT", "The amount is too large to be counted exactly.", { field: "amountMinor" });
  }
  return result === 0 ? 0 : result;
}
