import { type ModuleName, readGtin } from "@tillsync/protocol";

import { phoneWord } from "../records/phone.ts";

/** Longer beginnings of a name tell no items apart that people look for. */
const MAX_KEY = 64;

/** A row as it is stored: canonical JSON of its module. Fields are read one by one, for a later release may add some. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * What a row is found by besides its id. The first character says what the rest is: `n` the beginning of a name, `b` a
 * barcode, `i` the item that it belongs to,
 * `t` the tax that it replaces.
 */
export function keyOf(module: ModuleName, row: Row): string | undefined {
  switch (module) {
    case "items":
    case "customers":
      return typeof row.name === "string" ? nameKey(row.name) : undefined;
    case "itemBarcodes":
      return typeof row.barcode === "string" ? barcodeKey(row.barcode) : undefined;
    case "prices":
      return typeof row.itemId === "string" ? itemKey(row.itemId) : undefined;
    case "taxes":
      return typeof row.replaces === "string" ? taxKey(row.replaces) : undefined;
    default:
      return undefined;
  }
}

/** The text whose words a row is found by; undefined when it is not found by words. */
export function wordsOf(module: ModuleName, row: Row): string | undefined {
  if (typeof row.name !== "string") return undefined;
  if (module === "items") return row.name === "" ? undefined : row.name;
  if (module !== "customers") return undefined;
  return `${row.name} ${typeof row.phone === "string" ? phoneWord(row.phone) : ""}`;
}

/** All forms of one GTIN have one key; a barcode that is none is found as it was scanned. */
export function barcodeKey(barcode: string): string {
  const read = readGtin(barcode);
  return `b${"gtin" in read ? read.gtin : barcode}`;
}

export function itemKey(itemId: string): string {
  return `i${itemId}`;
}

/** Names that differ in case and accents only begin alike. */
/** What replaces this tax. */
export function taxKey(taxId: string): string {
  return `t${taxId}`;
}

export function nameKey(name: string): string {
  return `n${foldName(name).slice(0, MAX_KEY)}`;
}

export function foldName(name: string): string {
  if (PLAIN.test(name)) return name.toLowerCase();
  return name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII, which needs no folding but of case
const PLAIN = /^[\u0000-\u007f]*$/;

/** The words of a search as a query of the index: each has to be there, whatever characters it has. */
export function wordQuery(text: string): string | undefined {
  const words = text.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu) ?? [];
  return words.length === 0 ? undefined : words.map((word) => `"${word}"`).join(" AND ");
}
