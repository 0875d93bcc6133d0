import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { lineAmountMinor } from "@tillsync/protocol";
import { type Sale, sales } from "./sales.ts";

/** Sales of a shop that exists, or generated ones where its file is not on this machine. */
export interface Shop {
  readonly name: string;
  readonly isReal: boolean;
  readonly currency: string;
  readonly sales: readonly Sale[];
}

const DATA = fileURLToPath(new URL("../../shared/data/", import.meta.url));

/** The receipts of a bakery. The file has no prices: they are made up from the names, the same ones each time. */
export function bakery(limit: number): Shop {
  const rows = csv("bakery-breadbasket.csv.gz", limit * 4);
  if (rows === undefined) return generated("bakery", "GBP", limit);
  const receipts = grouped(
    rows.map(([date = "", time = "", receipt = "", item = ""]) => ({
      receipt,
      at: `${date}T${time}.000Z`,
      item: item.trim(),
    })),
  );
  const found = receipts.slice(0, limit).map(([receipt, lines]) =>
    sale(
      `bakery-${receipt}`,
      lines[0]?.at,
      "GBP",
      lines.map(({ item }) => ({ item, quantity: "1", unitPrice: priceOf(item) })),
    ),
  );
  return { name: "bakery", isReal: true, currency: "GBP", sales: found };
}

/** The invoices of a wholesaler: long ones, with cancellations, as they are in the file. */
export function onlineRetail(limit: number): Shop {
  const rows = csv("online-retail.csv.gz", limit * 60);
  if (rows === undefined) return generated("online-retail", "GBP", limit);
  const lines = rows.map(([receipt = "", item = "", description = "", quantity = "", at = "", unitPrice = ""]) => ({
    receipt,
    item,
    description: description.trim(),
    quantity,
    at: `${at.replace(" ", "T")}.000Z`,
    unitPrice,
  }));
  const invoices = grouped(lines).slice(0, limit);
  const found = invoices.map(([receipt, of]) => {
    const drafts = of.map(({ item, description, quantity, unitPrice }) => ({
      item,
      ...(description === "" ? {} : { description }),
      quantity,
      unitPrice: unitPrice.replace(/\.0$/, ""),
    }));
    const made = sale(`retail-${receipt}`, of[0]?.at, "GBP", drafts);
    return receipt.startsWith("C") ? { ...made, documentType: "return" as const } : made;
  });
  return { name: "online-retail", isReal: true, currency: "GBP", sales: found };
}

function sale(localId: string, occurredAt: string | undefined, currency: string, lines: Sale["lines"]): Sale {
  const amountMinor = lines.reduce((sum, line) => sum + lineAmountMinor(line.quantity, line.unitPrice, currency), 0);
  return { localId, currency, lines, tenders: [{ type: "cash", amountMinor }], ...(occurredAt ? { occurredAt } : {}) };
}

function generated(name: string, currency: string, limit: number): Shop {
  return { name, isReal: false, currency, sales: [...sales(limit)].map((made) => ({ ...made, currency })) };
}

function priceOf(item: string): string {
  let sum = 0;
  for (const char of item) sum = (sum * 31 + char.charCodeAt(0)) % 500;
  return (1 + sum / 100).toFixed(2);
}

function grouped<Row extends { readonly receipt: string }>(rows: readonly Row[]): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.receipt, [...(groups.get(row.receipt) ?? []), row].slice(0, 10_000));
  return [...groups];
}

/** Rows without the header; undefined when the file is not here. Fields may be quoted, as far as these files do it. */
function csv(name: string, limit: number): string[][] | undefined {
  if (!existsSync(DATA + name)) return undefined;
  const lines = gunzipSync(readFileSync(DATA + name))
    .toString("utf8")
    .split(/\r?\n/)
    .slice(1, 1 + limit);
  return lines.filter((line) => line !== "").map(fields);
}

function fields(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const matches = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...matches].map(([, quoted, plain = ""]) => quoted?.replaceAll('""', '"') ?? plain);
}
