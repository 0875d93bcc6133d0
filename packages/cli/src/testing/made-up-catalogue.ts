import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const PRODUCTS = 5_000;
const CODES = 200;
const DAYS = 10;

const WORDS = ["Bread", "Milk", "Soda", "Rice", "Tea", "Soap", "Salt", "Café", "米", "Sugar"];

/** Files of the same form as the real ones, for a machine that has none: products, and invoices whose prices change daily. */
export function madeUpCatalogue(folder: string): { readonly products: string; readonly retail: string } {
  const products = Array.from({ length: PRODUCTS }, (_, index) => `${4_000_000_000_000 + index},${name(index)}`);
  const invoices = Array.from({ length: DAYS * CODES }, (_, index) => {
    const [day, code] = [Math.floor(index / CODES), index % CODES];
    const at = `2011-03-${String(day + 1).padStart(2, "0")} 09:${String(code % 60).padStart(2, "0")}:00`;
    return `${500_000 + index},C${code},${name(code)},1,${at},${code + day + 1}.25,,United Kingdom`;
  });
  const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
  return {
    products: written(folder, "products.csv.gz", ["barcode,product_name", ...products]),
    retail: written(folder, "retail.csv.gz", [header, ...invoices]),
  };
}

function name(index: number): string {
  return `${WORDS[index % WORDS.length]} ${WORDS[(index >> 3) % WORDS.length]} ${index}`;
}

function written(folder: string, file: string, lines: readonly string[]): string {
  const path = join(folder, file);
  writeFileSync(path, gzipSync(`${lines.join("\n")}\n`));
  return path;
}
