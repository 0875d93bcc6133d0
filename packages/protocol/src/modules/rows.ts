import { z } from "zod";
import { instant } from "../ids.ts";
import { currency, decimal } from "../money.ts";
import { BARCODE_FLAGS } from "./gtin.ts";

/** The key of a row in its module. Rows come in the order of its UTF-8 bytes. */
export const rowId = z
  .string()
  .regex(/^[^\p{Cc}]{1,128}$/u, "1 to 128 characters without control characters, such as 5449000000996");

/** No U+0000: PostgreSQL has no text with it. */
function text(minimum: number, maximum: number) {
  const wanted = `text of ${minimum} to ${maximum} characters without U+0000`;
  return (
    z
      .string()
      .min(minimum, wanted)
      .max(maximum, wanted)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the one that is refused
      .regex(/^[^\u0000]*$/, wanted)
  );
}

/** What a merchant keeps of a row besides: names of its own, text values. */
const attributes = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "a name of letters, digits and underscores"), text(0, 500))
  .optional();

/** An article: what a line of an order names. ARTS Item; `taxId` names a row of taxes. */
export const itemRow = z.strictObject({
  id: rowId,
  /** What the receipt prints. Real catalogues have a few without one. */
  name: text(0, 500),
  shortName: text(1, 64).optional(),
  description: text(0, 4000).optional(),
  department: text(1, 128).optional(),
  category: text(1, 128).optional(),
  brand: text(1, 128).optional(),
  packageSize: text(1, 64).optional(),
  /** UN/ECE Recommendation 20 code, such as `KGM`; a piece when left out. */
  unitOfMeasure: text(1, 16).optional(),
  taxId: rowId.optional(),
  /** Sold by weight or another measure, so that its quantity may have a fraction. */
  isWeighed: z.boolean().optional(),
  status: z.enum(["active", "discontinued"]).optional(),
  attributes,
});

/** A barcode of an item: `barcode` as it is scanned, `gtin` its 14 digits; a wrong one has `flags` in its place. */
export const itemBarcodeRow = z.strictObject({
  id: rowId,
  itemId: rowId,
  barcode: text(1, 128),
  /** Made from `barcode` by whoever imports; sent along, it must be the same. */
  gtin: z
    .string()
    .regex(/^[0-9]{14}$/, "14 digits")
    .optional(),
  flags: z.array(z.enum(BARCODE_FLAGS)).max(BARCODE_FLAGS.length).optional(),
  /** Pieces in the package that bears this barcode, when not one. */
  quantity: decimal.optional(),
});

/** A price of an item from a moment on. Of several that hold, the one with the latest `effectiveFrom` counts. */
export const priceRow = z.strictObject({
  id: rowId,
  itemId: rowId,
  /** Per unit of the item, decimal text. */
  price: decimal,
  currency,
  effectiveFrom: instant,
  /** The first moment at which it holds no more. */
  effectiveTo: instant.optional(),
  /** From this quantity of one line on. */
  minimumQuantity: decimal.optional(),
  /** The list it belongs to, when a merchant has several: `wholesale`. */
  priceList: text(1, 64).optional(),
  includesTax: z.boolean().optional(),
});

/**
 * A tax and its rate in percent, decimal text. One that replaces another takes its place for all items that name it, from
 * `effectiveFrom` on and until `effectiveTo`; of several, the one that began last.
 */
export const taxRow = z.strictObject({
  id: rowId,
  /** The tax that items go on to name. */
  replaces: rowId.optional(),
  name: text(1, 128),
  rate: decimal,
  /** The letter or number that the tax authority has for it. */
  taxCode: text(1, 16).optional(),
  effectiveFrom: instant.optional(),
  effectiveTo: instant.optional(),
});

/** A customer. Balances are no fields here: points and credit are sums of movements. */
export const customerRow = z.strictObject({
  id: rowId,
  name: text(0, 256),
  phone: text(1, 32).optional(),
  email: text(1, 254).optional(),
  /** The customer's number at the tax authority, such as a KRA PIN. */
  taxNumber: text(1, 32).optional(),
  loyaltyNumber: text(1, 64).optional(),
  /** Which offers and price lists are meant for this customer. */
  customerGroup: text(1, 64).optional(),
  address: text(1, 500).optional(),
  birthDate: z.iso.date("a date as YYYY-MM-DD").optional(),
  notes: text(1, 2000).optional(),
  status: z.enum(["active", "blocked"]).optional(),
  attributes,
});

/** A price rule that holds for a while. `itemIds` and `customerIds` left out mean all of them. */
export const offerRow = z.strictObject({
  id: rowId,
  name: text(1, 256),
  /** `percent` off, an `amount` off, or a fixed `price`, each by `value`. */
  offerType: z.enum(["percent", "amount", "price"]),
  value: decimal,
  /** Of an amount or a price. */
  currency: currency.optional(),
  itemIds: z.array(rowId).max(1000).optional(),
  customerIds: z.array(rowId).max(1000).optional(),
  customerGroup: text(1, 64).optional(),
  minimumQuantity: decimal.optional(),
  effectiveFrom: instant,
  effectiveTo: instant.optional(),
});

/** Somebody who may work at a till. */
export const userRow = z.strictObject({
  id: rowId,
  name: text(1, 256),
  role: text(1, 64),
  /** A salted hash that the point of sale makes and checks; never a PIN. */
  pinHash: text(1, 256).optional(),
  status: z.enum(["active", "blocked"]).optional(),
});

/** One setting of the point of sale, by its id. Numbers with fractions are decimal text. */
export const settingRow = z.strictObject({
  id: rowId,
  value: z.union([text(0, 4000), z.int(), z.boolean()], "text, a whole number, true or false"),
});
