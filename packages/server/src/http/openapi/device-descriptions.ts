import { type RouteDescription, ref } from "@tillsync/protocol/openapi";
import { MARGIN_MS, TOKENS_KEPT } from "../../devices/tokens.ts";
import { MAX_ITEMS } from "../device-routes.ts";
import { deviceIdParameter, sinceParameter } from "./syncable.ts";

const ONE = "device-abc-123";
const OTHER = "device-def-456";

const order = (localId: string, total: number, syncVersion: number, deviceId: string) => ({
  order: {
    id: localId,
    orderNumber: `ORD-${localId}`,
    items: [{ productId: "bread", name: "Bread", quantity: 2, unitPrice: 60 }],
    total,
    createdAt: 1768558200000,
  },
  localId,
  syncStatus: "PENDING",
  syncVersion,
  deviceId,
});
const transaction = (localId: string, amount: number) => ({
  transaction: { id: localId, referenceNumber: `REF-${localId}`, type: "CASH_OUT", amount, timestamp: 1768558230000 },
  localId,
  syncStatus: "PENDING",
  syncVersion: 1,
  deviceId: ONE,
});

const RULES = `- Results are by position: \`syncedOrders[0]\` answers \`orders[0]\`.
- Equal content is a success, however often it comes. A higher \`syncVersion\` replaces what stands. Anything else is a conflict: the server's version stands, the sender's is kept, and the same sent again gets the same answer: unless somebody else changed the document since, which is then told as a conflict.
- Numbers keep their digits: \`45.990\` is given out as \`45.990\`. Amounts are also read into minor units of the store's currency, rounded half-up.
- An item that cannot be read is refused alone.`;

export const DEVICE_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/sync/batch": {
    operationId: "syncBatch",
    tag: "Devices",
    summary: "Send everything that is pending, and be told what others did.",
    description: `The recommended call of requirement 004. At most ${MAX_ITEMS} orders and ${MAX_ITEMS} transactions.\n\n${RULES}`,
    body: { description: "Orders and transactions, and where the last answer ended.", schema: ref("BatchSyncRequest") },
    answers: { 200: { description: "Each item has its own answer.", schema: ref("BatchSyncResponse") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      {
        summary: "Two orders and a transaction",
        as: "foreign",
        body: {
          deviceId: ONE,
          orders: [order("order-uuid-123", 120, 1, ONE), order("order-uuid-124", 45.99, 2, ONE)],
          transactions: [transaction("transaction-uuid-9", 20.5)],
          lastSyncTimestamp: 0,
        },
        status: 200,
      },
      {
        summary: "A conflict, and an item that cannot be read",
        as: "foreign",
        body: {
          deviceId: OTHER,
          orders: [
            order("order-uuid-124", 50, 1, OTHER),
            { ...order("order-uuid-125", 10, 1, OTHER), localId: "not an id" },
          ],
          transactions: [],
          lastSyncTimestamp: "1768558272345",
        },
        invalid: true,
        status: 200,
      },
      { summary: "No device", as: "foreign", body: { orders: [] }, invalid: true, status: 400 },
    ],
  },
  "POST /api/sync/order": single("order", {
    operationId: "syncOrder",
    schema: "SyncableOrder",
    body: order("order-uuid-126", 99.5, 1, ONE),
    older: order("order-uuid-124", 44, 1, ONE),
    more: [
      {
        summary: "An order that one of Tillsync's own tills has closed",
        as: "foreign",
        body: order("till-order-1", 120, 1, ONE),
        status: 200,
      },
    ],
  }),
  "POST /api/sync/transaction": single("transaction", {
    operationId: "syncTransaction",
    schema: "SyncableTransaction",
    body: transaction("transaction-uuid-10", 12),
    older: transaction("transaction-uuid-9", 21),
  }),
  "GET /api/sync/updates": {
    operationId: "getUpdates",
    tag: "Devices",
    summary: "What others did since the last time.",
    description: `A \`nextSyncToken\` that this device was given is exact: nothing is left out, nothing told twice. The last ${TOKENS_KEPT} of a device are remembered. Any other number is taken for a time of the device's own clock and served from ${MARGIN_MS / 3_600_000} hours earlier, so something may be told again; never less. The answer is streamed: a broken connection leaves text that is not JSON, never half an answer that looks whole.`,
    parameters: [
      { in: "query", name: "deviceId", description: "Which device asks.", required: true, schema: deviceIdParameter },
      {
        in: "query",
        name: "since",
        description: "A `nextSyncToken`. Absent, empty or 0: from the beginning.",
        schema: sinceParameter,
      },
    ],
    answers: { 200: { description: "What others did.", schema: ref("ServerUpdates") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "From the beginning", as: "foreign", parameters: { deviceId: OTHER, since: "0" }, status: 200 },
      { summary: "Not a token", as: "foreign", parameters: { deviceId: OTHER, since: "yesterday" }, status: 400 },
    ],
  },
};

interface SingleDoor {
  readonly operationId: string;
  readonly schema: string;
  readonly body: object;
  readonly older: object;
  readonly more?: RouteDescription["examples"];
}

function single(
  what: "order" | "transaction",
  { operationId, schema, body, older, more = [] }: SingleDoor,
): RouteDescription {
  return {
    operationId,
    tag: "Devices",
    summary: `Send one ${what}.`,
    description: `As one item of a batch, without the news. Here \`deviceId\` is needed: it says who sends. A conflict is answered with 200 and \`success: false\`.`,
    body: {
      description: `The ${what}.`,
      schema: {
        allOf: [ref(schema), { type: "object", properties: { deviceId: { type: "string" } }, required: ["deviceId"] }],
      },
    },
    answers: { 200: { description: "Stored, or a conflict.", schema: ref("SyncResponse") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: `A new ${what}`, as: "foreign", body, status: 200 },
      { summary: "An older version, or the same with other content", as: "foreign", body: older, status: 200 },
      ...more,
      {
        summary: "Without a localId",
        as: "foreign",
        body: { ...body, localId: undefined },
        invalid: true,
        status: 400,
      },
    ],
  };
}
