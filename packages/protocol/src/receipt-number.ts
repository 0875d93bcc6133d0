import { SyncError } from "./errors.ts";

/** A receipt number taken apart. `terminal` is the short id, with its rebirth mark where there is one (`T01R7XK`). */
export interface ReceiptNumber {
  readonly terminal: string;
  readonly businessDate: string;
  readonly sequence: number;
}

/** Crockford's base 32 (no I, L, O, U): letters that cannot be misread on paper. */
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The name a terminal prints: its short id in its first life, and `R` plus three Crockford characters of the incarnation
 * in every later one, so that a restored till cannot print a number it printed before (requirement 002, design section 2). A
 * life before the first is one that a till whose disk was lost has back from the centre.
 */
export function printedTerminal(shortId: string, incarnation: string, ordinal: number): string {
  if (ordinal <= 1) return shortId;
  const bits = Number.parseInt(incarnation.slice(0, 4), 16) >> 1;
  return `${shortId}R${CROCKFORD[(bits >> 10) & 31]}${CROCKFORD[(bits >> 5) & 31]}${CROCKFORD[bits & 31]}`;
}

/** `T01-20260116-00001`; wider than five digits when a day needs it. */
export function formatReceiptNumber(number: ReceiptNumber): string {
  return `${number.terminal}-${number.businessDate.replaceAll("-", "")}-${String(number.sequence).padStart(5, "0")}`;
}

/** @throws SyncError INVALID_INPUT when the text is not a receipt number of ours */
export function parseReceiptNumber(text: string): ReceiptNumber {
  const match = /^([A-Z][A-Z0-9]{0,11})-(\d{4})(\d{2})(\d{2})-(\d{5,15})$/.exec(text);
  if (!match) {
    throw new SyncError("INVALID_INPUT", `"${text}" is not a receipt number; one looks like T01-20260116-00001.`, {
      field: "receiptNumber",
      expected: "T01-20260116-00001",
    });
  }
  const [, terminal = "", year, month, day, sequence] = match;
  return { terminal, businessDate: `${year}-${month}-${day}`, sequence: Number(sequence) };
}
