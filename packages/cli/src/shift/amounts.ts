import type { CountedTender } from "@tillsync/engine";
import { decimal, minorDigits, minorOf, SyncError } from "@tillsync/protocol";

/**
 * An amount as people type it, in minor units. What the currency cannot hold is refused, never rounded: a count is a fact.
 *
 * @throws SyncError INVALID_INPUT
 */
export function typedAmount(field: string, text: string, currency: string): number {
  const digits = minorDigits(currency);
  const places = text.split(".")[1]?.length ?? 0;
  if (decimal.safeParse(text).success && places <= digits) return minorOf(text, currency);
  const expected = digits === 0 ? "a whole amount such as 500" : `an amount such as ${(512.5).toFixed(digits)}`;
  throw new SyncError("INVALID_INPUT", `${field} must be ${expected}; got "${text.slice(0, 40)}".`, {
    field,
    expected,
    got: text.slice(0, 40),
  });
}

/** `cash=5120.00` or, in another currency, `USD:cash=5.00`. @throws SyncError INVALID_INPUT */
export function typedCount(text: string, currency: string): CountedTender {
  const match = /^(?:([A-Z]{3}):)?([^=]{1,32})=(.+)$/.exec(text);
  const [, named, tender = "", amount = ""] = match ?? [];
  if (match === null) {
    const expected = "tender=amount such as cash=5120.00, or USD:cash=5.00";
    const got = text.slice(0, 40);
    throw new SyncError("INVALID_INPUT", `--counted must be ${expected}; got "${got}".`, {
      field: "--counted",
      expected,
      got,
    });
  }
  const code = named ?? currency;
  return { currency: code, tender, amountMinor: typedAmount(`--counted ${tender}`, amount, code) };
}
