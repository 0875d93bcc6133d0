/** What can be wrong with a barcode that should be a GTIN. It is kept as it was scanned all the same: people put it on shelves. */
export const BARCODE_FLAGS = ["NOT_DIGITS", "LENGTH", "CHECK_DIGIT"] as const;

export type BarcodeFlag = (typeof BARCODE_FLAGS)[number];

/** A barcode as GS1 has it: its GTIN in 14 digits, or what keeps it from being one. */
export type ReadBarcode = { readonly gtin: string } | { readonly flag: BarcodeFlag };

/** GTIN-8, GTIN-12 (UPC-A), GTIN-13 (EAN) and GTIN-14. */
const LENGTHS: readonly number[] = [8, 12, 13, 14];

const ZERO = 48;

/**
 * Reads a barcode as a GTIN. The four lengths are one number with zeros in front, so `012345678905` and `0012345678905`
 * are the same article; 14 digits are the form in which they are compared and looked up.
 */
export function readGtin(barcode: string): ReadBarcode {
  if (!/^[0-9]+$/.test(barcode)) return { flag: "NOT_DIGITS" };
  if (!LENGTHS.includes(barcode.length)) return { flag: "LENGTH" };
  const gtin = barcode.padStart(14, "0");
  return checkDigit(gtin.slice(0, 13)) === gtin.charCodeAt(13) - ZERO ? { gtin } : { flag: "CHECK_DIGIT" };
}

/** The GS1 check digit of the digits before it: from the right, every other one counts three times. */
export function checkDigit(digits: string): number {
  let sum = 0;
  for (let index = digits.length - 1, weight = 3; index >= 0; index--, weight = 4 - weight)
    sum += (digits.charCodeAt(index) - ZERO) * weight;
  return (10 - (sum % 10)) % 10;
}
