import type { JsonSchema } from "./description.ts";
import { anyOf, nullable, object, ref, text } from "./schema.ts";

// Requirement 001, field for field; `readInventoryEvent` reads it by hand, names in whatever case.

const number = (description: string): JsonSchema =>
  nullable(anyOf(description, { type: "number" }, { type: "string", maxLength: 64 }));
const moment = nullable(
  anyOf(
    "When it happened: ISO 8601, or ms since 1970. Otherwise the time it came.",
    { type: "string" },
    { type: "number" },
  ),
);
const id = anyOf(
  "Its identity. A number is unique on one till only, so the till is part of it.",
  { type: "integer" },
  { type: "string", pattern: "^[A-Za-z0-9._:-]{1,48}$" },
);
const productId = anyOf("What was moved.", { type: "string", minLength: 1, maxLength: 64 }, { type: "number" });
const common = {
  Id: id,
  "StoreId?": nullable(text("The shop's own name; the key says which store it is.", { maxLength: 64 })),
};
const bookkeeping = {
  "OccurredAt?": moment,
  "Synced?": {
    description: "How far the sender got with sending.",
  },
  "SyncAttempts?": { description: "The same." },
  "LastSyncError?": { description: "The same." },
};

const posTransaction = object(
  {
    ...common,
    ProductId: productId,
    TransactionType: text(
      "`Sale`, `TransferOut`, `Waste`, `Damage`, `Loss`, `Theft` and `Expired` take from the stock; `Return`, `Refund`, `Purchase`, `Restock` and `TransferIn` add; `Adjustment` changes it by `Quantity` as it is. With any other the stock is not changed.",
      { minLength: 1, maxLength: 32 },
    ),
    "Quantity?": number("How many."),
    "UnitPrice?": number("Price of one."),
    "TotalAmount?": number("Read into minor units of the store's currency, rounded half-up."),
    ...bookkeeping,
  },
  "`PosTransaction` of requirement 001.",
);
const inventoryUpdate = object(
  {
    ...common,
    ProductId: productId,
    UpdateType: text("What kind of change.", { minLength: 1, maxLength: 32 }),
    "PreviousStock?": number("Stock before."),
    "NewStock?": number("Stock after. The stock changes by the difference; the two numbers themselves are only kept."),
    ...bookkeeping,
  },
  "`InventoryUpdate` of requirement 001.",
);

/** .NET's JSON writes `ProductId` as `productId`; names are read in any case. */
function inCamelCase(schema: JsonSchema): JsonSchema {
  const lower = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
  const properties = Object.entries(schema.properties as Record<string, JsonSchema>);
  return {
    ...schema,
    description: `${schema.description} Its names as .NET's JSON writes them.`,
    properties: Object.fromEntries(properties.map(([name, member]) => [lower(name), member])),
    required: (schema.required as string[]).map(lower),
  };
}

/** `PosTransaction` and `InventoryUpdate` of requirement 001, and `InventoryEvent`, which is either. */
export const INVENTORY_EVENT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  PosTransaction: posTransaction,
  PosTransactionCamelCase: inCamelCase(posTransaction),
  InventoryUpdate: inventoryUpdate,
  InventoryUpdateCamelCase: inCamelCase(inventoryUpdate),
  InventoryEvent: anyOf(
    "One event. Names are read in whatever case; unknown ones are kept.",
    ref("PosTransaction"),
    ref("PosTransactionCamelCase"),
    ref("InventoryUpdate"),
    ref("InventoryUpdateCamelCase"),
  ),
};
