import { MAX_ITEMS } from "@tillsync/engine";
import { currency, decimal, MODULES, orderLine, SCOPES } from "@tillsync/protocol";
import {
  fromZod,
  type JsonSchema,
  listOf,
  nullable,
  object,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const at = (description: string): JsonSchema => text(description, { format: "date-time" });
const atOrNull = (description: string): JsonSchema => nullable(at(description));
const scope: JsonSchema = {
  type: "string",
  enum: [...SCOPES],
  description: "Whose row it is. A store's own hides the organization's.",
};
const state: JsonSchema = {
  type: "string",
  enum: ["absent", "waiting", "pulling", "retrying", "current"],
  description: "`current`: as head office had it when it was asked last. `waiting`: for its turn, or for its parents.",
};
const why = nullable(object({ code: ref("ErrorCode"), message: text("For people.") }));

const price = object({
  unitPrice: fromZod(decimal, "Per unit of the item."),
  currency: fromZod(currency, "Always the till's."),
  includesTax: { type: "boolean", description: "Whether the tax is inside the price." },
  effectiveFrom: at("Since when it holds."),
  priceVersion: text("Which list and version of it gave this price. Put it on the line."),
});

const moduleStatus = object({
  module: { type: "string", enum: Object.keys(MODULES) },
  scope,
  state,
  n: count("Version of the copy that is read."),
  rows: count("Rows of it."),
  lastPulledAt: atOrNull("When it became what is read."),
  kept: {
    type: "boolean",
    description:
      "It is newer than what head office has since it was restored from a backup: this till keeps it until head office has said what holds.",
  },
  progress: nullable(
    object({
      phase: {
        type: "string",
        enum: ["snapshot", "catch-up", "delta"],
        description: "The whole, then what changed meanwhile; or only what changed.",
      },
      rows: count("Rows of the next copy that are here."),
      of: count("Rows that were announced."),
    }),
  ),
  failures: count("In a row."),
  error: why,
  nextAttemptAt: atOrNull("While it is `retrying`."),
});

export const ITEM_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ModulesSummary: object({
    state,
    pulling: listOf(text("Such as `items.organization`."), "What is being fetched."),
    rows: count("Rows of the next copies that are here."),
    of: count("Rows that were announced."),
    lastAskedAt: atOrNull("When head office last said what is new."),
  }),
  Modules: object({
    state,
    lastAskedAt: atOrNull("When head office last said what is new."),
    nextAskAt: atOrNull("When it is asked next."),
    error: { ...why, description: "Why it could not be asked." },
    modules: listOf(moduleStatus, "By what depends on what."),
  }),
  ItemView: object({
    id: text("What a line names."),
    name: text("What the receipt prints."),
    scope,
    item: fromZod(MODULES.items.schema, "The row as head office has it."),
    price: nullable(price),
    priceChangesAt: atOrNull("When the price may change next, without a word from head office."),
    tax: nullable(fromZod(MODULES.taxes.schema, "The tax that it names.")),
    barcode: nullable(fromZod(MODULES.itemBarcodes.schema, "By which it was found.")),
  }),
  ItemList: object({ items: listOf(ref("ItemView"), "In no order when found by words, else by key.") }),
  PricedLine: object({
    line: fromZod(orderLine.partial({ id: true, amountMinor: true }), "To be put into `lines` or `add` as it is."),
  }),
};

const parameter = (name: string, description: string, schema: JsonSchema = text("")) =>
  ({ in: "query", name, description, schema }) as const;

const AT = parameter("at", "The moment of the price; now when left out.", { type: "string", format: "date-time" });
const LIST = parameter("priceList", "A list of the merchant's; the default one when left out.");

export const ITEM_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/items": {
    operationId: "findItems",
    tag: "Items",
    summary: "Look items up by barcode, id, beginning of the name, or words of it, each with its price and tax.",
    description:
      "In the copy of reference data on this till, with or without head office. Give exactly one of `barcode`, `id`, `prefix` and `word`. All forms of one GTIN (8, 12, 13, 14 digits) find the same items. Case and accents do not matter. Prices of the future take over by the till's clock.",
    parameters: [
      parameter("barcode", "As it was scanned."),
      parameter("id", "Of the item."),
      parameter("prefix", "The beginning of its name."),
      parameter("word", "Words of its name, all of them, in any order."),
      parameter("limit", "Items at most; 20 when left out.", { type: "integer", minimum: 1, maximum: MAX_ITEMS }),
      LIST,
      AT,
    ],
    answers: { 200: { description: "What was found; nothing is an empty list.", schema: ref("ItemList") } },
    refusals: ["INVALID_INPUT", "TERMINAL_STOPPED"],
    examples: [
      { summary: "Scanned", parameters: { barcode: "5449000000996" }, status: 200 },
      { summary: "Typed", parameters: { prefix: "sod", limit: 5 }, status: 200 },
      { summary: "Two words of the name", parameters: { word: "cola soda" }, status: 200 },
      { summary: "The price of tomorrow", parameters: { id: "cola", at: "2026-01-17T08:00:00.000Z" }, status: 200 },
      { summary: "In two ways at once", parameters: { id: "cola", word: "soda" }, status: 400 },
    ],
  },
  "GET /api/items/line": {
    operationId: "lineForItem",
    tag: "Items",
    summary:
      "A line of an order for a barcode or an item: name, unit, tax, price now, and the version of the price list.",
    description: "Nothing is written. A package's barcode counts its pieces.",
    parameters: [
      parameter("code", "A barcode as it was scanned, or an item's id."),
      parameter("quantity", "Decimal text; 1 when left out, negative for a return."),
      LIST,
      AT,
    ],
    answers: { 200: { description: "The line.", schema: ref("PricedLine") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "NO_PRICE", "TERMINAL_STOPPED"],
    examples: [
      { summary: "Two bottles", parameters: { code: "5449000000996", quantity: "2" }, status: 200 },
      { summary: "Nobody sells it", parameters: { code: "4006381333931" }, status: 404 },
      { summary: "No quantity", parameters: { code: "cola", quantity: "two" }, invalid: true, status: 400 },
      { summary: "It has no price", parameters: { code: "gift" }, status: 404 },
    ],
  },
  "GET /api/modules": {
    operationId: "getModules",
    tag: "Items",
    summary: "How each module of reference data stands: its version, its rows, and how the next copy comes along.",
    answers: { 200: { description: "Every module and scope that head office named.", schema: ref("Modules") } },
    refusals: ["TERMINAL_STOPPED"],
    examples: [{ summary: "After the first pull", status: 200 }],
  },
};
