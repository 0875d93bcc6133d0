import {
  INVENTORY_EVENT_SCHEMAS,
  type JsonSchema,
  listOf,
  object,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";
import { MAX_EVENTS } from "../inventory-event-route.ts";

const result = object(
  {
    "id?": text("`Id` as text; absent when it could not be read."),
    success: { type: "boolean", description: "True also when it had come before." },
    "serverId?": text("The same however often it is sent.", { format: "uuid" }),
    "duplicate?": { type: "boolean", description: "True when it had come before." },
    "code?": ref("ErrorCode"),
    "message?": text("Why not, for people."),
    "field?": text("What is to blame."),
  },
  "What became of one event.",
);

export const INVENTORY_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...INVENTORY_EVENT_SCHEMAS,
  EventResult: result,
  EventResults: object(
    {
      success: { type: "boolean", description: "True when every event was." },
      results: listOf(ref("EventResult"), "By position."),
    },
    "What became of many events.",
  ),
};

const sale = {
  Id: 17,
  StoreId: "STORE001",
  ProductId: "P-100",
  TransactionType: "Sale",
  Quantity: 2,
  UnitPrice: 1.5,
  TotalAmount: 3.0,
  Synced: false,
};
const stock = {
  id: "u-1",
  storeId: "STORE001",
  productId: "P-100",
  previousStock: 10,
  newStock: 8,
  updateType: "Count",
};
const one = { ...sale, Id: 18 };

export const INVENTORY_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/inventory/events": {
    operationId: "sendInventoryEvents",
    tag: "Devices",
    summary: "Record sales and stock changes, one or many.",
    description: `The call of requirement 001. One event as an object, or up to ${MAX_EVENTS} as a list or as \`{events: [...]}\`. Every event is stored once, by its \`Id\`; sending it again is safe. What its sender notes about sending (\`Synced\`, \`SyncAttempts\`, \`LastSyncError\`) is kept and counts for nothing; the same \`Id\` with other content is answered with \`success: false\` and \`HASH_MISMATCH\`, and what came first stands. Which till sends is said by \`X-Device-Id\`; without it, whoever the key was made for. What can be read is stored even when a neighbour cannot; 400 then says which, and sending all of them again is harmless.`,
    parameters: [
      {
        in: "header",
        name: "X-Device-Id",
        description: "The sending till, when one key serves several.",
        schema: { type: "string", minLength: 1, maxLength: 64 },
      },
    ],
    body: {
      description: "One event, a list of them, or an object with a list.",
      schema: {
        anyOf: [
          ref("InventoryEvent"),
          listOf(ref("InventoryEvent"), "Several.", { maxItems: MAX_EVENTS }),
          object({ events: listOf(ref("InventoryEvent"), "Several.", { maxItems: MAX_EVENTS }) }),
        ],
      },
    },
    answers: {
      200: {
        description: "One result for one event, a list of results for a list.",
        schema: { anyOf: [ref("EventResult"), ref("EventResults")] },
      },
      400: {
        description:
          "An event, or the request, cannot be read (`INVALID_INPUT`, `INVALID_JSON`). `results` says which are stored.",
        schema: { anyOf: [{ allOf: [ref("EventResults"), ref("Refusal")] }, ref("Refusal")] },
      },
    },
    examples: [
      { summary: "One sale", as: "foreign", parameters: { "X-Device-Id": "pos-1" }, body: sale, status: 200 },
      {
        summary: "Several, one of them again",
        as: "foreign",
        parameters: { "X-Device-Id": "pos-1" },
        body: [sale, stock],
        status: 200,
      },
      {
        summary: "One of two cannot be read",
        as: "foreign",
        parameters: { "X-Device-Id": "pos-1" },
        body: { events: [one, { ...stock, id: undefined }] },
        invalid: true,
        status: 400,
      },
      { summary: "Without an Id", as: "foreign", body: { ...sale, Id: undefined }, invalid: true, status: 400 },
    ],
  },
};
