import type { Tender } from "@tillsync/protocol";

const CASH = "01";
const CREDIT = "02";
const CASH_AND_CREDIT = "03";
const OTHER = "07";

/** KRA's payment types by our tenders. What is not here is 07, other. */
export const PAYMENT_TYPES: Readonly<Record<string, string>> = {
  cash: CASH,
  credit: CREDIT,
  account: CREDIT,
  cheque: "04",
  card: "05",
  mpesa: "06",
  "mobile-money": "06",
};

/**
 * KRA has room for one payment type. Change takes off the cash; of several types the largest counts, and cash with credit
 * has a type of its own.
 */
export function paymentType(
  tenders: readonly Tender[],
  isBack: boolean,
  types: Readonly<Record<string, string>> = PAYMENT_TYPES,
): string {
  const sums = new Map<string, number>();
  for (const { type, amountMinor } of tenders) {
    const name = type.toLowerCase();
    const code = (Object.hasOwn(types, name) ? types[name] : undefined) ?? OTHER;
    sums.set(code, (sums.get(code) ?? 0) + (isBack ? -amountMinor : amountMinor));
  }
  const paid = [...sums].filter(([, amount]) => amount > 0);
  const codes = paid.map(([code]) => code).sort();
  if (codes.join() === `${CASH},${CREDIT}`) return CASH_AND_CREDIT;
  const largest = paid.sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1))[0];
  return largest?.[0] ?? OTHER;
}
