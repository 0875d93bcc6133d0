import { decimal, parseField, SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { type KraCodes, TAX_TYPES } from "./kra-codes.ts";

const unit = z.string().regex(/^[A-Z0-9]{1,5}$/, "a code of KRA's list");

/** What KRA wants to know of an item of ours. It comes from head office's item list. */
const itemClass = z.strictObject({
  /** Country, type, packaging unit, quantity unit and sequence: `KE2NTBA0000012`. */
  itemCd: z.string().regex(/^[A-Z]{2}[123][A-Z]{4}\d{7,8}$/, "an item code such as KE2NTBA0000012"),
  itemClsCd: z.string().regex(/^\d{2,10}$/, "the digits of KRA's item class"),
  taxTyCd: z.enum(TAX_TYPES, "a tax type: A, B, C, D or E"),
  pkgUnitCd: unit,
  qtyUnitCd: unit,
  /** For lines that have no description of their own. */
  name: z.string().min(1).max(200).optional(),
  barcode: z.string().min(1).max(20).optional(),
  /** How many of the quantity unit are in one package; 1 when absent. */
  unitsPerPackage: decimal.optional(),
});

export type ItemClass = z.infer<typeof itemClass>;

/** @throws SyncError INVALID_INPUT naming the field and what belongs there */
export function checkItemClass(field: string, given: ItemClass | undefined, codes: KraCodes): ItemClass {
  if (given === undefined) {
    const expected = "an item with a class, a tax type and units of KRA's";
    const message = `${field} has no KRA item class; register the item for eTIMS, then try the invoice again.`;
    throw new SyncError("INVALID_INPUT", message, { field, expected });
  }
  const read = parseField(field, itemClass, given);
  checkUnit(`${field}.pkgUnitCd`, read.pkgUnitCd, codes.packageUnits);
  checkUnit(`${field}.qtyUnitCd`, read.qtyUnitCd, codes.quantityUnits);
  return read;
}

/** Units are checked on the sale only, and sources differ on which are in the list: so the list itself decides. */
function checkUnit(field: string, code: string, codes: ReadonlySet<string>): void {
  if (codes.has(code)) return;
  const expected = "a unit that KRA's code list has";
  throw new SyncError("INVALID_INPUT", `${field}: ${expected}; got ${code}.`, { field, expected, got: code });
}
