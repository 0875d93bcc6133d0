import { readDecimal, SyncError } from "@tillsync/protocol";
import { type Heard, objectAt, textAt } from "../client/envelope.ts";

/** Tax types: A exempt, B standard, C zero-rated, D outside VAT, E special. */
export const TAX_TYPES = ["A", "B", "C", "D", "E"] as const;
export type TaxType = (typeof TAX_TYPES)[number];

/** What KRA's own code list says; it comes as data, and nothing of it is written into the code. */
export interface KraCodes {
  /** Of each tax type, in hundredths of a percent: 16 % is 1600. */
  readonly rates: Readonly<Record<TaxType, number>>;
  readonly packageUnits: ReadonlySet<string>;
  readonly quantityUnits: ReadonlySet<string>;
}

/** Numbers of the code classes. Of these only 04 is in a source that could be read; a setting may give others. */
export const CODE_CLASSES = { taxTypes: "04", quantityUnits: "10", packageUnits: "17" } as const;

/**
 * The codes in `data` of a code list.
 *
 * @throws SyncError INVALID_INPUT for a list without a tax type, a rate or a unit; codes that were read before stay in use
 */
export function readKraCodes(
  data: Heard,
  classes: Readonly<Record<keyof typeof CODE_CLASSES, string>> = CODE_CLASSES,
): KraCodes {
  const taxes = detailsOf(data, classes.taxTypes);
  const rates = Object.fromEntries(TAX_TYPES.map((type) => [type, rateIn(taxes, type)])) as KraCodes["rates"];
  return {
    rates,
    packageUnits: codesIn(data, classes.packageUnits),
    quantityUnits: codesIn(data, classes.quantityUnits),
  };
}

function rateIn(taxes: readonly Heard[], type: TaxType): number {
  const row = taxes.find((detail) => detail.cd === type);
  const hundredths = hundredthsOf(row === undefined ? undefined : textAt(row, "userDfnCd1"));
  if (hundredths !== undefined && hundredths >= 0 && hundredths <= 10_000) return hundredths;
  throw unusable(`userDfnCd1 of tax type ${type}`, "a rate in percent with at most two decimals");
}

/** Hundredths of a decimal text with at most two decimals; undefined for anything else. */
export function hundredthsOf(text: string | undefined): number | undefined {
  const decimal = text === undefined ? undefined : readDecimal(text);
  const found = /^(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(decimal ?? "");
  return found === null ? undefined : Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
}

function codesIn(data: Heard, wanted: string): ReadonlySet<string> {
  const codes = new Set(detailsOf(data, wanted).map((detail) => String(detail.cd)));
  if (codes.size === 0) throw unusable(`code class ${wanted}`, "codes");
  return codes;
}

/** Those in use. */
function detailsOf(data: Heard, wanted: string): Heard[] {
  const found = objectsIn(data.clsList).find((one) => one.cdCls === wanted);
  return objectsIn(found?.dtlList).filter((detail) => detail.useYn !== "N");
}

function objectsIn(list: unknown): Heard[] {
  if (!Array.isArray(list)) return [];
  return list.map((one: unknown) => objectAt({ one }, "one")).filter((one) => one !== undefined);
}

function unusable(field: string, expected: string): SyncError {
  return new SyncError("INVALID_INPUT", `KRA's code list has no ${expected} for ${field}.`, { field, expected });
}
