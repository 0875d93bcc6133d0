import { hash, LIMITS, localId } from "@tillsync/protocol";
import type { JsonSchema } from "@tillsync/protocol/openapi";
import { anyOf, fromZod, listOf, nullable, object, ref, text } from "@tillsync/protocol/openapi";
import { MAX_CONTENT } from "../../devices/read-item.ts";
import { MAX_ITEMS } from "../device-routes.ts";

// Requirement 004, field for field. Its bodies are read by hand (`devices/read-item.ts`), because what is in an order is
// not ours to know; so these schemas are written by hand too, and a test sends their examples.

const KEPT =
  "Opaque: kept as it was sent, unknown fields and the digits of numbers included, and given out again the same.";

const deviceId = text("Which device sends. Its first request makes it known.", {
  minLength: 1,
  maxLength: 64,
  pattern: "^[^\\p{Cc}\\p{Cs}]{1,64}$",
});
const madeBy = text("Which device made it; the sender when absent.", { minLength: 1, maxLength: 64 });
const serverHash = fromZod(
  hash,
  "SHA-256 over the document, for comparing. Absent for documents of Tillsync's own tills.",
);
const millis = (description: string): JsonSchema => ({
  type: "integer",
  description: `${description}, ms since 1970.`,
});

function syncable(what: "order" | "transaction", reads: string): JsonSchema {
  const document = {
    type: "object",
    description: `${KEPT} At most ${MAX_CONTENT} characters as JSON. Read from it, never refused for it: ${reads}; and when it happened, from \`createdAt\`, \`completedAt\`, \`timestamp\`, \`date\` or \`updatedAt\` (ms since 1970 or ISO 8601).`,
    additionalProperties: true,
  };
  return {
    ...object(
      {
        [what]: document,
        localId: fromZod(localId, "Its identity, made on the device; it never changes. Sending it again is safe."),
        "syncStatus?": text("The device's own state, such as `PENDING`. Not looked at."),
        "syncVersion?": nullable({
          type: "integer",
          minimum: 1,
          maximum: 999_999_999,
          default: 1,
          description: "Counted up by the device with every change. The higher version wins.",
        }),
        "deviceId?": nullable(madeBy),
      },
      `One ${what} of requirement 004, as a device sends it.`,
    ),
    additionalProperties: true,
  };
}

function stored(what: "order" | "transaction"): JsonSchema {
  return object(
    {
      [what]: nullable({
        type: "object",
        description: `As it was sent; one of Tillsync's own tills in the same words. Null when its bytes are being repaired.`,
        additionalProperties: true,
      }),
      localId: fromZod(localId, "Its identity."),
      syncStatus: { type: "string", enum: ["SYNCED"] },
      syncVersion: { type: "integer", minimum: 1, description: "The version that stands." },
      deviceId: text("Who made it so: a device, a till, or `head-office`."),
      "serverHash?": serverHash,
      syncedAt: millis("When the centre stored it"),
      "deleted?": { type: "boolean", description: "True when it is deleted or voided; absent otherwise." },
    },
    `One ${what} as it stands at the centre.`,
  );
}

const conflict = object(
  {
    entityType: { type: "string", enum: ["ORDER", "TRANSACTION"] },
    entityId: text("Its localId."),
    conflictType: {
      type: "string",
      enum: ["VERSION_MISMATCH", "HASH_MISMATCH", "CONCURRENT_MODIFICATION", "DELETED_ITEM"],
      description:
        "Older version; same version with other content; changed by two devices; changed after it was deleted at head office.",
    },
    resolution: {
      type: "string",
      enum: ["SERVER_WINS"],
      description: "The server's version stands. The sender's is kept.",
    },
    localVersion: { type: "integer", description: "The `syncVersion` that was sent." },
    localHash: fromZod(hash, "Hash of what was sent."),
    remoteData: nullable(
      anyOf("What stands; take it over on the device.", ref("StoredOrder"), ref("StoredTransaction")),
    ),
  },
  "Why something sent was not applied.",
);

const itemResponse = object(
  {
    success: { type: "boolean", description: "True also when it had come before." },
    "serverId?": text("The same for a document whoever asks and however often.", { format: "uuid" }),
    "syncedAt?": millis("When the centre stored it"),
    "message?": text("Why not, for people."),
    "conflicts?": listOf(ref("SyncConflict"), "Present when the server's version stands against what was sent."),
    "error?": {
      type: "object",
      description: "Present when this item could not be read. Those around it are stored.",
      properties: {
        code: ref("ErrorCode"),
        retryable: { type: "boolean" },
        field: { type: "string" },
        expected: { type: "string" },
        got: { type: "string" },
      },
      required: ["code", "retryable"],
    },
  },
  "What became of one order or transaction.",
);

const updates = {
  orders: listOf(ref("StoredOrder"), "What others made or changed."),
  transactions: listOf(ref("StoredTransaction"), "What others made or changed."),
  deletedOrderIds: listOf({ type: "string" }, "localIds of orders that were deleted or voided."),
  deletedTransactionIds: listOf({ type: "string" }, "localIds of transactions that were deleted."),
};
const nextSyncToken = text("Send it as `since` or `lastSyncTimestamp` the next time. A number as text.", {
  pattern: "^[0-9]{1,15}$",
});

const since = anyOf(
  "A `nextSyncToken`, as a number or as text. Absent or 0: from the beginning.",
  { type: "integer", minimum: 0, maximum: 999_999_999_999_999 },
  { type: "string", pattern: "^([0-9]{1,15})?$" },
  { type: "null" },
);

const batchRequest = {
  ...object(
    {
      deviceId,
      "orders?": nullable(listOf(ref("SyncableOrder"), "Orders to store.", { maxItems: MAX_ITEMS })),
      "transactions?": nullable(listOf(ref("SyncableTransaction"), "Transactions to store.", { maxItems: MAX_ITEMS })),
      "lastSyncTimestamp?": since,
    },
    `Everything a device has to say. At most ${LIMITS.maxRequestBytes} bytes.`,
  ),
  additionalProperties: true,
};

const batchResponse = object(
  {
    success: { type: "boolean", description: "The batch was taken; look at each item for its own answer." },
    syncedOrders: listOf(ref("SyncResponse"), "By position: the first answers the first of `orders`."),
    syncedTransactions: listOf(ref("SyncResponse"), "By position: the first answers the first of `transactions`."),
    serverUpdates: object(updates, "What others did since `lastSyncTimestamp`."),
    nextSyncToken,
  },
  "The answer to a batch.",
);

export const SYNCABLE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  SyncableOrder: syncable(
    "order",
    "`total` or `totalAmount` (rounded half-up to the store's currency), `orderNumber`, `type`",
  ),
  SyncableTransaction: syncable(
    "transaction",
    "`amount` or `total` (rounded half-up to the store's currency), `referenceNumber` or `reference`, `type`",
  ),
  BatchSyncRequest: batchRequest,
  BatchSyncResponse: batchResponse,
  SyncResponse: itemResponse,
  SyncConflict: conflict,
  StoredOrder: stored("order"),
  StoredTransaction: stored("transaction"),
  ServerUpdates: object({ ...updates, nextSyncToken }, "What others did."),
};

export const deviceIdParameter = { ...deviceId, description: "Which device asks. It is told nothing of its own." };
export const sinceParameter: JsonSchema = { type: "string", pattern: "^([0-9]{1,15})?$" };
