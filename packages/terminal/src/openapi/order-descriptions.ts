import { localId } from "@tillsync/protocol";
import {
  type Answer,
  fromZod,
  listOf,
  object,
  type Parameter,
  type RouteDescription,
  ref,
} from "@tillsync/protocol/openapi";
import { orderFilter } from "../schemas.ts";

const BREAD = { item: "bread", quantity: "2", unitPrice: "60.00" };
const TEA = { item: "tea", quantity: "1", unitPrice: "35.00" };
const CASH = (amountMinor: number) => [{ type: "cash", amountMinor }];
const sale = { localId: "order-1", lines: [BREAD], tenders: CASH(12_000), operator: "Amina" };

const key: Parameter = {
  in: "path",
  name: "localId",
  description: "The caller's own id of the order.",
  schema: fromZod(localId),
};
const answers = (says: string): Readonly<Record<number, Answer>> => ({
  201: { description: says, schema: ref("RecordedOrder") },
  200: {
    description: "It was recorded before with the same content: nothing was written.",
    schema: ref("RecordedOrder"),
  },
});
const of = (id: string, more: object = {}) => ({ parameters: { localId: id, ...more } });

/** In the order in which they are sent: a shift is open. */
export const ORDER_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/orders": {
    operationId: "postOrder",
    tag: "Orders",
    summary: "Close an order at once, or open one.",
    description:
      "With `tenders` the order is closed and gets its receipt number; without, it is opened or edited. `localId` is the caller's own: the same order sent again is answered as before, so a lost answer is no danger. Lines, taxes and tenders have to add up to the cent.",
    body: { description: "An order, or an edit.", schema: { anyOf: [ref("OrderDraft"), ref("OrderEdit")] } },
    answers: answers("Written durably: the receipt may be printed."),
    refusals: [
      "INVALID_INPUT",
      "SHIFT_NOT_OPEN",
      "LOCAL_ID_TAKEN",
      "ORDER_NOT_OPEN",
      "ALREADY_VOIDED",
      "TOTALS_MISMATCH",
    ],
    examples: [
      { summary: "A sale", body: sale, status: 201 },
      { summary: "The same sale again", body: sale, status: 200 },
      {
        summary: "An order that stays open",
        body: { localId: "table-7", add: [BREAD], label: "Table 7" },
        status: 201,
      },
      { summary: "Another one", body: { localId: "table-8", add: [TEA], label: "Table 8" }, status: 201 },
      { summary: "Another order under the same id", body: { ...sale, tenders: [], lines: [] }, status: 409 },
      { summary: "Tenders that do not add up", body: { ...sale, localId: "order-2", tenders: CASH(1) }, status: 422 },
      { summary: "A misspelt field", body: { ...sale, localId: "order-3", line: [] }, invalid: true, status: 400 },
    ],
  },
  "GET /api/orders": {
    operationId: "getOpenOrders",
    tag: "Orders",
    summary: "The open orders.",
    parameters: [
      {
        in: "query",
        name: "state",
        description: "Only `open`.",
        required: true,
        schema: fromZod(orderFilter.shape.state),
      },
    ],
    answers: { 200: { description: "All of them.", schema: object({ orders: listOf(ref("Order")) }) } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "One is open", parameters: { state: "open" }, status: 200 },
      { summary: "Closed ones", parameters: { state: "closed" }, status: 400 },
    ],
  },
  "GET /api/orders/:localId": {
    operationId: "getOrder",
    tag: "Orders",
    summary: "One order as it is now, and how far it got.",
    parameters: [key],
    answers: { 200: { description: "The order.", schema: ref("Order") } },
    refusals: ["NOT_FOUND"],
    examples: [
      { summary: "A closed order", ...of("order-1"), status: 200 },
      { summary: "Not known", ...of("nobody"), status: 404 },
    ],
  },
  "POST /api/orders/:localId/hold": {
    operationId: "holdOrder",
    tag: "Orders",
    summary: "Edit an open order: add, void, note or serve lines.",
    parameters: [key],
    body: { description: "What changes.", schema: ref("OrderEditOfAddress") },
    answers: answers("Written."),
    refusals: ["INVALID_INPUT", "SHIFT_NOT_OPEN", "LOCAL_ID_TAKEN", "ORDER_NOT_OPEN"],
    examples: [
      {
        summary: "A line with an id of the caller's, and a note",
        ...of("table-7"),
        body: { add: [{ id: "tea-1", ...TEA }], notes: [{ text: "No sugar" }] },
        status: 201,
      },
      { summary: "The same line again", ...of("table-7"), body: { add: [{ id: "tea-1", ...TEA }] }, status: 200 },
      { summary: "Of a closed order", ...of("order-1"), body: { add: [TEA] }, status: 409 },
      {
        summary: "A field of the wrong form",
        ...of("table-7"),
        body: { add: [{ item: 5 }] },
        invalid: true,
        status: 400,
      },
    ],
  },
  "POST /api/orders/:localId/pay": {
    operationId: "payOrder",
    tag: "Orders",
    summary: "Close an open order: it was paid.",
    parameters: [key],
    body: { description: "How it was paid.", schema: ref("Payment") },
    answers: answers("Closed, with its receipt number."),
    refusals: ["INVALID_INPUT", "NOT_FOUND", "SHIFT_NOT_OPEN", "ORDER_NOT_OPEN", "LOCAL_ID_TAKEN", "TOTALS_MISMATCH"],
    examples: [
      { summary: "Too little", ...of("table-7"), body: { tenders: CASH(100) }, status: 422 },
      { summary: "In cash", ...of("table-7"), body: { tenders: CASH(15_500) }, status: 201 },
      { summary: "Again", ...of("table-7"), body: { tenders: CASH(15_500) }, status: 200 },
      { summary: "Not known", ...of("nobody"), body: { tenders: CASH(1) }, status: 404 },
      {
        summary: "Paid otherwise before",
        ...of("table-7"),
        body: { tenders: [{ type: "card", amountMinor: 15_500 }] },
        status: 409,
      },
      { summary: "Without tenders", ...of("table-7"), body: {}, invalid: true, status: 400 },
    ],
  },
  "POST /api/orders/:localId/void": {
    operationId: "voidOrder",
    tag: "Orders",
    summary: "Give up an open order, or take back a closed one.",
    description:
      "An open order becomes voided. A closed one stays as it is: a void document with the opposite amounts is recorded under `voidLocalId`, with a receipt of its own.",
    parameters: [key],
    body: { description: "Why.", schema: ref("Voiding") },
    answers: answers("Taken back."),
    refusals: ["INVALID_INPUT", "NOT_FOUND", "SHIFT_NOT_OPEN", "ORDER_NOT_OPEN", "ALREADY_VOIDED", "LOCAL_ID_TAKEN"],
    examples: [
      {
        summary: "A closed order",
        ...of("order-1"),
        body: { voidLocalId: "void-1", reason: "Wrong item" },
        status: 201,
      },
      { summary: "Again", ...of("order-1"), body: { voidLocalId: "void-1", reason: "Wrong item" }, status: 200 },
      {
        summary: "By another document",
        ...of("order-1"),
        body: { voidLocalId: "void-2", reason: "Wrong item" },
        status: 409,
      },
      { summary: "Not known", ...of("nobody"), body: { reason: "Wrong item" }, status: 404 },
      { summary: "Without a reason", ...of("order-1"), body: {}, invalid: true, status: 400 },
    ],
  },
  "DELETE /api/orders/:localId": {
    operationId: "deleteOrder",
    tag: "Orders",
    summary: "Delete an order that was opened by mistake.",
    description: "Only open orders. Who and why come in the address or in a body.",
    parameters: [
      key,
      {
        in: "query",
        name: "reason",
        description: "Why. Needed, here or in a body.",
        schema: { type: "string", minLength: 1, maxLength: 256 },
      },
      { in: "query", name: "operator", description: "Who.", schema: { type: "string", minLength: 1, maxLength: 64 } },
    ],
    body: { description: "Who and why, instead of in the address.", required: false, schema: ref("Deletion") },
    answers: { 200: { description: "Deleted.", schema: ref("RecordedOrder") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "SHIFT_NOT_OPEN", "ORDER_NOT_OPEN"],
    examples: [
      { summary: "Why in the address", ...of("table-8", { reason: "Opened twice" }), status: 200 },
      { summary: "Closed before", ...of("table-7", { reason: "Opened twice" }), status: 409 },
      { summary: "Why in a body", ...of("order-1"), body: { reason: "Opened twice" }, status: 409 },
      { summary: "Not known", ...of("nobody", { reason: "Opened twice" }), status: 404 },
      { summary: "Without a reason", ...of("table-7"), status: 400 },
    ],
  },
};
