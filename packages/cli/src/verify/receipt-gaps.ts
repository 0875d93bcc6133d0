import type { Difference } from "./compare.ts";

/** A receipt number's place: sequences run from 1 on every business date. */
export interface ReceiptPlace {
  readonly businessDate: string;
  readonly sequence: number;
}

/**
 * Receipt numbers of a day that nobody can account for: sequences run from 1 without gaps, since a number is issued in its
 * sale's own transaction.
 *
 * @param receipts in order of date and sequence
 */
export function receiptGaps(incarnation: string, receipts: Iterable<ReceiptPlace>): Difference[] {
  const found: Difference[] = [];
  const tell = (what: Difference["what"], detail: string) => found.push({ incarnation, seq: null, what, detail });
  let day = "";
  let expected = 1;
  for (const { businessDate, sequence } of receipts) {
    if (businessDate !== day) {
      day = businessDate;
      expected = 1;
    }
    if (sequence < expected) {
      tell("receipt number given twice", `${businessDate}: ${sequence}`);
      continue;
    }
    if (sequence > expected) {
      const missing = expected === sequence - 1 ? `${expected}` : `${expected} to ${sequence - 1}`;
      tell("unexplained gap in receipt numbers", `${businessDate}: ${missing} missing`);
    }
    expected = sequence + 1;
  }
  return found;
}

/** Two lists, each in order, as one. */
export function* inOrder(one: Iterable<ReceiptPlace>, other: readonly ReceiptPlace[]): Generator<ReceiptPlace> {
  let at = 0;
  for (const place of one) {
    for (let next = other[at]; next && isBefore(next, place); next = other[++at]) yield next;
    yield place;
  }
  yield* other.slice(at);
}

export function isBefore(one: ReceiptPlace, other: ReceiptPlace): boolean {
  return one.businessDate === other.businessDate
    ? one.sequence < other.sequence
    : one.businessDate < other.businessDate;
}
