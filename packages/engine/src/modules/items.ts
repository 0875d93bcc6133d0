import { decimal, multiplyDecimals, parseField, type RowOf, type Scope, SyncError } from "@tillsync/protocol";
import type { Clock, Ports, Sql } from "../ports.ts";
import type { LineDraft } from "../verbs.ts";
import { barcodeKey, itemKey, keyOf, nameKey, wordQuery } from "./keys.ts";
import { type Found, Layers } from "./layers.ts";
import { nextChange, type PriceQuestion, priceOf, priceVersion } from "./price.ts";
import { taxAt } from "./tax.ts";

/** By exactly one of the first four. */
export interface ItemQuestion {
  /** As it was scanned: all forms of one GTIN find the same items. */
  readonly barcode?: string | undefined;
  readonly id?: string | undefined;
  /** The beginning of a name; case and accents do not matter. */
  readonly prefix?: string | undefined;
  /** Words that the name has, all of them, in any order. */
  readonly word?: string | undefined;
  /** Items at most; default 20. */
  readonly limit?: number | undefined;
  /** A price list of the merchant's; the default list when left out. */
  readonly priceList?: string | undefined;
  /** The moment of the price, ISO 8601; now when left out. */
  readonly at?: string | undefined;
}

export interface ItemPrice {
  readonly unitPrice: string;
  readonly currency: string;
  readonly includesTax: boolean;
  readonly effectiveFrom: string;
  readonly priceVersion: string;
}

/** An item as this store sells it. */
export interface ItemView {
  readonly id: string;
  readonly name: string;
  /** Whose row it is. */
  readonly scope: Scope;
  readonly item: RowOf<"items">;
  /** The price that holds at that moment; null when there is none. */
  readonly price: ItemPrice | null;
  /** When the price may change next without a word from head office. */
  readonly priceChangesAt: string | null;
  readonly tax: RowOf<"taxes"> | null;
  /** How it was found, when by a barcode. */
  readonly barcode: RowOf<"itemBarcodes"> | null;
}

export interface Items {
  /** Looks items up in the copy that is read now. @throws SyncError INVALID_INPUT */
  find(question: ItemQuestion): readonly ItemView[];
  /**
   * A line of an order for a barcode, or else an item's id: item, name, unit, tax, and the price that holds now with the
   * version of its list. A package's barcode counts its pieces.
   *
   * @throws SyncError NOT_FOUND, NO_PRICE, INVALID_INPUT
   */
  lineFor(code: string, quantity?: string, options?: Pick<ItemQuestion, "priceList" | "at">): LineDraft;
}

export const MAX_ITEMS = 200;

/** Prices of one item: lists, steps of quantity, and what is known of the future. */
const MAX_PRICES = 1_000;

interface ItemsDesk {
  readonly read: Pick<Sql, "get" | "all">;
  readonly clock: Pick<Clock, "wallMs">;
  /** Of the prices that are wanted. */
  readonly currency: string;
}

/** Look-up of items in what was pulled. It writes nothing and asks nobody. */
export function itemsOf(ports: Pick<Ports, "store" | "clock">, currency: string, assertRunning: () => void): Items {
  const desk: ItemsDesk = { read: ports.store.read, clock: ports.clock, currency };
  return {
    find: (question) => {
      assertRunning();
      const asked = priceQuestion(desk, question, "1");
      const found = candidates(desk.read, question);
      const more = { prices: new Layers(desk.read, "prices"), taxes: new Layers(desk.read, "taxes") };
      return found.map(([item, barcode]) => viewOf(more, asked, item, barcode));
    },
    lineFor: (code, quantity = "1", options = {}) => {
      assertRunning();
      const counted = parseField("quantity", decimal, quantity);
      const [found] = candidates(desk.read, { barcode: code, limit: 1 });
      const [item, barcode] = found ?? candidates(desk.read, { id: code, limit: 1 })[0] ?? [];
      if (item === undefined)
        throw new SyncError("NOT_FOUND", `No item has ${JSON.stringify(code)} as barcode or id.`, { field: "code" });
      const pieces = barcode?.quantity === undefined ? counted : multiplyDecimals(counted, barcode.quantity);
      const more = { prices: new Layers(desk.read, "prices"), taxes: new Layers(desk.read, "taxes") };
      return lineOf(viewOf(more, priceQuestion(desk, options, pieces), item, barcode), pieces);
    },
  };
}

type Candidate = readonly [item: Found<"items">, barcode?: RowOf<"itemBarcodes">];

function candidates(read: ItemsDesk["read"], question: ItemQuestion): readonly Candidate[] {
  const { barcode, id, prefix, word, limit = 20 } = question;
  const items = new Layers(read, "items");
  if (barcode !== undefined) return byBarcode(read, items, barcode, limit);
  if (id !== undefined) return [items.byId(id)].flatMap((found) => (found ? [[found] as const] : []));
  if (prefix !== undefined) {
    const key = nameKey(prefix);
    return items.byPrefix(key, limit, (row) => nameKey(row.name).startsWith(key)).map((found) => [found] as const);
  }
  const query = wordQuery(word ?? "");
  return query === undefined ? [] : items.byWords(query, limit).map((found) => [found] as const);
}

function byBarcode(read: ItemsDesk["read"], items: Layers<"items">, barcode: string, limit: number): Candidate[] {
  const key = barcodeKey(barcode);
  const found = new Layers(read, "itemBarcodes").byKey(key, limit, (row) => keyOf("itemBarcodes", row) === key);
  return found.flatMap(({ row }) => {
    const item = items.byId(row.itemId);
    return item === undefined ? [] : [[item, row] as const];
  });
}

interface More {
  readonly prices: Layers<"prices">;
  readonly taxes: Layers<"taxes">;
}

function viewOf(
  { prices, taxes }: More,
  asked: PriceQuestion,
  { row: item, scope }: Found<"items">,
  barcode: RowOf<"itemBarcodes"> | undefined,
): ItemView {
  const key = itemKey(item.id);
  const rows = prices.byKey(key, MAX_PRICES, (row) => row.itemId === item.id);
  const price = priceOf(rows, asked);
  const tax = item.taxId === undefined ? undefined : taxAt(taxes, item.taxId, asked.atMs);
  return {
    ...{ id: item.id, name: item.name, scope, item },
    price: price === undefined ? null : priceView(price, prices),
    priceChangesAt: nextChange(rows, asked),
    tax: tax ?? null,
    barcode: barcode ?? null,
  };
}

function priceView({ row, scope }: Found<"prices">, prices: Layers<"prices">): ItemPrice {
  const { price: unitPrice, currency, includesTax = true, effectiveFrom } = row;
  return {
    unitPrice,
    currency,
    includesTax,
    effectiveFrom,
    priceVersion: priceVersion(scope, prices.versionOf(scope)),
  };
}

function priceQuestion(desk: ItemsDesk, { priceList, at }: Pick<ItemQuestion, "priceList" | "at">, quantity: string) {
  const atMs = at === undefined ? desk.clock.wallMs() : Date.parse(at);
  return { currency: desk.currency, atMs, quantity, priceList };
}

/** A line's own limits are shorter than a catalogue's: texts for people are cut, ids never. */
function lineOf({ item, price, tax }: ItemView, quantity: string): LineDraft {
  if (price === null) {
    const message = `${JSON.stringify(item.id)} has no price here at this moment; type one in, or have head office give it one.`;
    throw new SyncError("NO_PRICE", message, { item: item.id });
  }
  const taxCode = tax?.taxCode ?? (tax !== null && tax.id.length <= 16 ? tax.id : undefined);
  const { unitPrice, priceVersion: version } = price;
  return {
    ...{ item: item.id, description: (item.shortName ?? item.name).slice(0, 256), quantity, unitPrice },
    ...(taxCode === undefined ? {} : { taxCode }),
    ...(tax === null ? {} : { taxRate: tax.rate }),
    ...(item.unitOfMeasure === undefined ? {} : { unit: item.unitOfMeasure }),
    priceVersion: version,
  };
}
