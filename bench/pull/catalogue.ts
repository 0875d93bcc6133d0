import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Products with a barcode of their own and a name: real ones, or made up where their file is not on this machine. */
export interface Catalogue {
  readonly isReal: boolean;
  readonly products: readonly (readonly [barcode: string, name: string])[];
}

const DATA = fileURLToPath(new URL("../../../shared/data/off-products.csv.gz", import.meta.url));

const WORDS = ["bread", "milk", "cola", "soda", "rice", "maize", "flour", "sugar", "tea", "coffee", "soap", "salt"];
const MAKERS = ["Kibo", "Simba", "Tausi", "Nyota", "Jua", "Baraka", "Safari", "Ziwa"];

export function catalogue(limit: number): Catalogue {
  if (!existsSync(DATA)) return { isReal: false, products: Array.from({ length: limit }, (_, index) => made(index)) };
  const [, ...lines] = gunzipSync(readFileSync(DATA)).toString("utf8").split("\n");
  const products = new Map<string, string>();
  for (const line of lines) {
    if (products.size === limit) break;
    for (const [barcode, name] of product(line)) products.set(barcode, name);
  }
  return { isReal: true, products: [...products] };
}

/** `barcode,name`; a name with a comma is quoted, and its quotes are doubled. */
function product(line: string): (readonly [string, string])[] {
  const comma = line.indexOf(",");
  if (comma <= 0) return [];
  const name = line.slice(comma + 1).trim();
  const plain = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
  return [[line.slice(0, comma), plain.slice(0, 500)] as const];
}

function made(index: number): readonly [string, string] {
  const word = (shift: number) => WORDS[(index >> shift) % WORDS.length];
  return [String(4_000_000_000_000 + index), `${MAKERS[index % MAKERS.length]} ${word(3)} ${word(5)} ${index % 997} g`];
}

/** The rows of the two modules: each product, its barcode, and for the first ones a second barcode. */
export function itemLines({ products }: Catalogue): string[] {
  return products.map(([id, name]) => JSON.stringify({ id, name }));
}

export function barcodeLines({ products }: Catalogue, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const [itemId = ""] = products[index % products.length] ?? [];
    const isFirst = index < products.length;
    const row = {
      id: isFirst ? itemId : `${itemId}-2`,
      itemId,
      barcode: isFirst ? itemId : `2${itemId}`.slice(0, 128),
    };
    return JSON.stringify(row);
  });
}
