import { localId } from "@tillsync/protocol";
import {
  fromZod,
  type JsonSchema,
  listOf,
  nullable,
  object,
  type Parameter,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";
import { conflictPlace, type conflictQuery, conflictResolving, customerEdit } from "../schemas.ts";

const textOrNull = (description: string): JsonSchema => nullable(text(description));
const at = (description: string): JsonSchema => text(description, { format: "date-time" });
const seq: JsonSchema = { type: "integer", minimum: 1, description: "Its place in the journal." };
const source: JsonSchema = {
  type: "string",
  enum: ["head-office", "till"],
  description: "`till`: head office did not answer, and this is what came down to this till of its own changes.",
};
const side = nullable(
  object({
    "terminal?": text("Who wrote it."),
    "shortId?": textOrNull("What people call it; null for a terminal of another store."),
    incarnation: text("The life of its database."),
    seq,
  }),
);
const record = {
  id: {
    oneOf: [{ type: "integer" }, { type: "string" }],
    description: "A number at head office; a text for what only the till knows.",
  },
  entityType: text("Such as `customer` or `order`."),
  entityId: text("Its identity."),
  conflictType: nullable(ref("ErrorCode")),
  resolution: text("How it was decided, by the centre or by a person."),
  resolvedByUserId: textOrNull("Who decided; null until a person did."),
  createdAt: at("When it was found."),
  resolvedAt: nullable(at("When a person decided.")),
  state: { type: "string", enum: ["open", "resolved"], description: "`open`: a person has still to look at it." },
  "message?": textOrNull("Why it does not stand, for people."),
  local: side,
  remote: side,
  "reason?": textOrNull("Why the person decided so."),
  "history?": listOf(
    object({ at: at("When."), what: text("As `resolution`."), by: text("Who."), reason: textOrNull("Why.") }),
    "Oldest first.",
  ),
} satisfies Record<string, JsonSchema>;

const fields: JsonSchema = {
  type: "object",
  additionalProperties: true,
  description: "As the module `customers` has them, without the id.",
};

export const CONFLICT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ConflictSummary: object(record, "A version that does not stand (requirement 002, SyncConflictLog)."),
  Conflict: object({
    source,
    ...record,
    localData: { description: "The version that does not stand; of a customer the fields that differ." },
    remoteData: { description: "The version that stands; null when this till does not know." },
  }),
  ConflictPage: object({
    source,
    conflicts: listOf(ref("ConflictSummary"), "Newest first."),
    open: { type: "integer", minimum: 0, description: "How many a person has to look at." },
    next: nullable({ type: "integer", description: "`after` of the next page; null when this is the last." }),
  }),
  CustomerRecord: object({
    id: text("Its identity."),
    fields,
    pending: {
      type: "integer",
      minimum: 0,
      description: "Edits of this till that are not in its copy of head office's customers yet.",
    },
    pendingTotals: {
      type: "object",
      additionalProperties: { type: "integer" },
      description: "What those edits change totals such as points by.",
    },
  }),
};

const customer: Parameter = {
  in: "path",
  name: "id",
  description: "The customer's identity, the caller's own.",
  schema: fromZod(localId),
};
const conflict: Parameter = {
  in: "path",
  name: "id",
  description: "The conflict.",
  schema: fromZod(conflictPlace.shape.id),
};
const query = (name: keyof typeof conflictQuery.shape, description: string, schema: JsonSchema): Parameter => {
  return { in: "query", name, description, schema };
};
const whole = (maximum: number): JsonSchema => ({ type: "integer", minimum: 1, maximum });

export const CUSTOMER_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "PUT /api/records/customers/:id": {
    operationId: "putCustomer",
    tag: "Records",
    summary: "Make, edit or delete a customer, with a link or without.",
    description:
      "Send only the fields that change; null takes one away. Seen at this till at once. Head office merges it with the edits of others, field by field. `add` changes totals such as points, and needs an `editId`. The same edit again writes nothing.",
    parameters: [customer],
    body: { description: "What changes.", schema: fromZod(customerEdit) },
    answers: {
      201: { description: "Recorded.", schema: ref("Recorded") },
      200: { description: "It was recorded before.", schema: ref("Recorded") },
    },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "LOCAL_ID_TAKEN"],
    examples: [
      {
        summary: "A new customer",
        parameters: { id: "cust-1" },
        body: { set: { name: "Wanjiku", phone: "0712345678" }, operator: "Amina" },
        status: 201,
      },
      { summary: "The same again", parameters: { id: "cust-1" }, body: { set: { phone: "0712345678" } }, status: 200 },
      {
        summary: "Points",
        parameters: { id: "cust-1" },
        body: { add: { points: 12 }, editId: "points-order-1" },
        status: 201,
      },
      {
        summary: "Other points under that editId",
        parameters: { id: "cust-1" },
        body: { add: { points: 1 }, editId: "points-order-1" },
        status: 409,
      },
      { summary: "No name", parameters: { id: "cust-2" }, body: { set: { phone: "1" } }, status: 400 },
      { summary: "Delete one that is not there", parameters: { id: "cust-2" }, body: { deleted: true }, status: 404 },
    ],
  },
  "GET /api/records/customers/:id": {
    operationId: "getCustomer",
    tag: "Records",
    summary: "A customer as this till has it: head office's copy, with its own edits over it until they are merged.",
    parameters: [customer],
    answers: { 200: { description: "The customer.", schema: ref("CustomerRecord") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "TERMINAL_STOPPED"],
    examples: [
      { summary: "Made here, not sent yet", parameters: { id: "cust-1" }, status: 200 },
      { summary: "Not known", parameters: { id: "cust-9" }, status: 404 },
      { summary: "Not an id", parameters: { id: "a b" }, status: 400 },
    ],
  },
};

export const CONFLICT_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/conflicts": {
    operationId: "listConflicts",
    tag: "Status",
    summary: "What lost to another version in this store; without a link, what this till knows of it.",
    parameters: [
      query("state", "Only those.", { type: "string", enum: ["open", "resolved"] }),
      query("limit", "At most so many.", whole(200)),
      query("after", "The last id of the page before.", whole(Number.MAX_SAFE_INTEGER)),
    ],
    answers: { 200: { description: "One page.", schema: ref("ConflictPage") } },
    refusals: ["INVALID_INPUT", "TERMINAL_STOPPED"],
    examples: [
      { summary: "What people have to look at", parameters: { state: "open" }, status: 200 },
      { summary: "Not a state", parameters: { state: "lost" }, status: 400 },
    ],
  },
  "GET /api/conflicts/:id": {
    operationId: "getConflict",
    tag: "Status",
    summary: "One conflict with both sides.",
    parameters: [conflict],
    answers: { 200: { description: "Both sides.", schema: ref("Conflict") } },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "UNREACHABLE", "TERMINAL_STOPPED"],
    examples: [
      { summary: "Of a customer", parameters: { id: 17 }, status: 200 },
      { summary: "Not known", parameters: { id: 999 }, status: 404 },
      { summary: "Not an id", parameters: { id: "a b" }, status: 400 },
      { summary: "Head office does not answer", parameters: { id: 503 }, status: 503 },
    ],
  },
  "POST /api/conflicts/:id/resolve": {
    operationId: "resolveConflict",
    tag: "Status",
    summary: "Say which version is right, once; head office carries it out, so it needs the link.",
    description:
      "`mine` is the version that does not stand, `theirs` the one that does; `merge` takes `fields` of mine.",
    parameters: [conflict],
    body: { description: "What, who and why.", schema: fromZod(conflictResolving) },
    answers: { 200: { description: "As it is now.", schema: ref("ConflictSummary") } },
    refusals: [
      "INVALID_INPUT",
      "NOT_FOUND",
      "CONFLICT_RESOLVED",
      "ALREADY_CLOSED",
      "DELETED_ITEM",
      "BODY_INVALID",
      "UNREACHABLE",
    ],
    examples: [
      {
        summary: "Keep mine",
        parameters: { id: 17 },
        body: { keep: "mine", actor: "Amina", reason: "phoned her" },
        status: 200,
      },
      {
        summary: "Without a reason",
        parameters: { id: 17 },
        body: { keep: "mine", actor: "Amina" },
        invalid: true,
        status: 400,
      },
      {
        summary: "Not known",
        parameters: { id: 999 },
        body: { keep: "theirs", actor: "Amina", reason: "x" },
        status: 404,
      },
      {
        summary: "A second time",
        parameters: { id: 18 },
        body: { keep: "theirs", actor: "Amina", reason: "x" },
        status: 409,
      },
      {
        summary: "Of a final order",
        parameters: { id: 19 },
        body: { keep: "mine", actor: "Amina", reason: "x" },
        status: 422,
      },
    ],
  },
};
