import { exchangeRequest, exchangeResponse, hash, incarnationId, uuid } from "@tillsync/protocol";
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
import type { z } from "zod";
import { findParameters } from "../admin-routes.ts";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const minor = (description: string): JsonSchema => ({ type: "integer", description });
const textOrNull = (description: string): JsonSchema => nullable(text(description));
const at = (description: string): JsonSchema => text(description, { format: "date-time" });
const terminal = fromZod(uuid, "The terminal.");
const incarnation = fromZod(incarnationId, "One life of its database.");
const state = { type: "string", enum: ["open", "closed", "voided", "deleted", "recorded"] };
const effectSchema = fromZod(
  exchangeResponse.shape.entries.element.shape.effect,
  "What the centre made of it; everything is stored, whatever it is.",
);
const entity = text("`order`, `transaction`, `inventory`, `shift` or `terminal`.");

const life = object({
  incarnation,
  ordinal: { type: "integer", minimum: 1, description: "1 for its first life." },
  durableThrough: count("Every change up to here is stored."),
  headSeq: count("How far the till's journal reached when it last called."),
  pending: count("Changes the till had then and the centre has not."),
  lastSeenAt: at("When it last called."),
  unsettled: object(
    { pending: count("Not interpreted yet."), waiting: count("For an earlier one."), parked: count("For a person.") },
    "Stored, and not yet what the till meant.",
  ),
  damaged: count("Stored without intact bytes; asked for again."),
  conflicts: count("Lost to another version of the same entity; both are kept."),
  forks: count("Came for a place that something else had taken; kept."),
});

/** One stored change, in ledgers and in what is found. */
export const changeRow = {
  incarnation,
  seq: { type: "integer", minimum: 1, description: "Place in the journal." },
  hash: fromZod(hash, "Chains it to the one before."),
  changeId: textOrNull("Null where the bytes do not tell."),
  kind: textOrNull("Such as `order.closed`."),
  localId: textOrNull("The entity."),
  effect: effectSchema,
  code: nullable(ref("ErrorCode")),
  repeat: { type: "boolean", description: "True when it came before under another place: stored, counted once." },
};

const document = object({
  entity,
  localId: text("Its identity."),
  state,
  version: { type: "integer", minimum: 1 },
  businessDate: text("The day it counts for.", { format: "date" }),
  occurredAt: at("When the till or device says it happened."),
  shiftId: textOrNull("The shift it belongs to."),
  documentType: textOrNull("`sale`, `return` or `void`."),
  receiptNumber: textOrNull("Of Tillsync's own tills."),
  reference: textOrNull("The source's own number."),
  currency: textOrNull("ISO 4217."),
  totalMinor: nullable(minor("Minor units.")),
  terminal,
  incarnation,
  seq: { type: "integer", minimum: 1 },
});

export const READING_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Overview: object({
    serverTimeMs: { type: "integer", description: "The centre's clock, ms since 1970." },
    store: object({ org: text("Organization."), code: text("Store."), currency: text("ISO 4217.") }),
    terminals: listOf(
      object({
        terminal,
        shortId: text("What people call it, such as `T01`."),
        kind: text("`retail`, `foreign` (a device of another make) or `head-office`."),
        lives: listOf(life, "Newest first; empty until it has called."),
      }),
    ),
  }),
  Totals: object({
    documents: listOf(
      object({
        terminal,
        incarnation,
        entity,
        state,
        documentType: textOrNull("`sale`, `return` or `void`."),
        currency: textOrNull("ISO 4217."),
        count: count("How many."),
        totalMinor: nullable(minor("Their sum; null where they have no amount.")),
      }),
    ),
    changes: listOf(
      object({
        terminal,
        incarnation,
        kind: textOrNull("Null where the bytes do not tell."),
        effect: effectSchema,
        count: count("How many."),
        repeats: count("How many of them had come before under another place."),
      }),
    ),
  }),
  FoundDocument: document,
  Found: object({
    changes: listOf(
      object({
        ...changeRow,
        terminal,
        shortId: text("What people call it."),
        ordinal: { type: "integer", minimum: 1 },
        message: textOrNull("Why not applied, for people."),
        origin: nullable(
          fromZod(
            exchangeRequest.shape.changes.element.shape.origin.unwrap(),
            "Where it stood first, when it was sent again in a later life.",
          ),
        ),
        damaged: { type: "boolean" },
        receivedAt: at("When it came."),
        body: textOrNull("Its exact bytes as text; null when they are missing."),
      }),
      "Every change that speaks of it, oldest first.",
    ),
    documents: listOf(ref("FoundDocument"), "What it is now."),
    sameReceipt: listOf(ref("FoundDocument"), "Other entities with the same receipt number."),
    forks: listOf(
      object({
        terminal,
        incarnation,
        seq: { type: "integer" },
        hash: fromZod(hash),
        receivedAt: at("When it came."),
        body: text("Its bytes."),
      }),
      "Kept rows whose place something else had taken.",
    ),
  }),
};

/** Parameters of a route, made of the schema that it reads them with. */
export function parameters(
  place: "path" | "query",
  schema: z.ZodType,
  says: Readonly<Record<string, string>>,
): Parameter[] {
  const { properties } = fromZod(schema) as { properties: Record<string, JsonSchema> };
  return Object.entries(properties).map(([name, member]) => {
    return { in: place, name, description: says[name] ?? "", schema: member };
  });
}

export const READING_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/admin/overview": {
    operationId: "getOverview",
    tag: "Head office",
    summary: "The store's terminals: what is stored of each, what is still to come, what waits for a person.",
    answers: { 200: { description: "The store.", schema: ref("Overview") } },
    refusals: ["INVALID_INPUT"],
    examples: [{ summary: "A store with a till and two devices", as: "admin", status: 200 }],
  },
  "GET /api/admin/totals": {
    operationId: "getTotals",
    tag: "Head office",
    summary: "Counts and sums of everything the store has here.",
    description: "Reads all of it: for a check, not for a page that asks every second.",
    answers: { 200: { description: "Counts and sums.", schema: ref("Totals") } },
    refusals: ["INVALID_INPUT"],
    examples: [{ summary: "A store with a till and two devices", as: "admin", status: 200 }],
  },
  "GET /api/admin/find/:key": {
    operationId: "find",
    tag: "Head office",
    summary: "Everything known of one receipt, order or other entity.",
    description:
      "Changes, what became of them, and what was kept without being applied. A till's own key finds what that till sent.",
    parameters: parameters("path", findParameters, {
      key: "A receipt number, a `localId`, or the source's own number.",
    }),
    answers: { 200: { description: "What was found.", schema: ref("Found") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "A receipt", as: "admin", parameters: { key: "T01-20260116-00001" }, status: 200 },
      { summary: "Nothing", as: "admin", parameters: { key: "T99-20260116-00001" }, status: 404 },
      { summary: "Too long", as: "admin", parameters: { key: "x".repeat(65) }, status: 400 },
    ],
  },
};
