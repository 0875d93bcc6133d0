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
import { conflictParameters, conflictQuery, conflictResolving } from "../conflict-routes.ts";
import { parameters } from "./reading-descriptions.ts";

const textOrNull = (description: string): JsonSchema => nullable(text(description));
const at = (description: string): JsonSchema => text(description, { format: "date-time" });
const place: JsonSchema = { type: "integer", minimum: 1, description: "Its place in the journal." };

const record = {
  id: { type: "integer", minimum: 1, description: "Rises with each." },
  entityType: text("`customer`, `order`, `transaction`, `inventory` or `shift`."),
  entityId: text("Its identity."),
  conflictType: ref("ErrorCode"),
  resolution: text(
    "How it was decided: `LAST_WRITE_WINS`, `CLIENT_WINS`, `SERVER_WINS` or `MANUAL` (a person has to) by the centre; `KEEP_MINE`, `KEEP_THEIRS` or `MERGED` by a person.",
  ),
  resolvedByUserId: textOrNull("Who decided; null until a person did."),
  createdAt: at("When the centre found it."),
  resolvedAt: nullable(at("When a person decided.")),
  state: {
    type: "string",
    enum: ["open", "resolved"],
    description: "`open`: a person has still to look at it. It holds nothing up.",
  },
  local: nullable(ref("ConflictSide")),
  remote: nullable(ref("ConflictSide")),
  reason: textOrNull("Why the person decided so."),
  history: listOf(
    object({
      at: at("When."),
      what: text("As `resolution`."),
      by: text("`centre`, or who it was."),
      reason: textOrNull("Why."),
    }),
    "What happened to it, oldest first.",
  ),
} satisfies Record<string, JsonSchema>;

const data = (whose: string): JsonSchema => ({
  description: `${whose} Of a customer the fields that differ, of other entities the whole document. Null when it is gone or was erased.`,
});

export const CONFLICT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ConflictSide: object(
    {
      terminal: text("Who wrote it."),
      shortId: textOrNull("What people call it; null for a terminal of another store."),
      incarnation: text("The life of its database."),
      seq: place,
    },
    "The change of one side; null when head office had imported it.",
  ),
  ConflictSummary: object(
    record,
    "A version that does not stand (requirement 002, SyncConflictLog), without its content.",
  ),
  Conflict: object(
    { ...record, localData: data("The version that does not stand."), remoteData: data("The version that stands.") },
    "A version that does not stand, beside the one that does.",
  ),
  ConflictPage: object({
    conflicts: listOf(ref("ConflictSummary"), "Newest first."),
    open: { type: "integer", minimum: 0, description: "How many a person has to look at, of all." },
    next: nullable({ type: "integer", description: "`after` of the next page; null when this is the last." }),
  }),
};

const one = parameters("path", conflictParameters, { id: "The conflict." });
const resolve = (id: number, body: object) => ({ as: "admin", parameters: { id }, body });

export const CONFLICT_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/conflicts": {
    operationId: "listConflicts",
    tag: "Conflicts",
    summary: "What lost to another version in the key's store, newest first.",
    parameters: parameters("query", conflictQuery, {
      state: "Only those that a person has to look at (`open`), or has looked at (`resolved`).",
      limit: "Conflicts in the page at most.",
      after: "The last id of the page before.",
    }),
    answers: { 200: { description: "One page.", schema: ref("ConflictPage") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "What a person has to look at", as: "admin", parameters: { state: "open", limit: 1 }, status: 200 },
      { summary: "Not a state", as: "admin", parameters: { state: "lost" }, status: 400 },
    ],
  },
  "GET /api/conflicts/:id": {
    operationId: "getConflict",
    tag: "Conflicts",
    summary: "One conflict with both sides.",
    parameters: one,
    answers: { 200: { description: "Both sides.", schema: ref("Conflict") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "Of an order", as: "admin", parameters: { id: 1 }, status: 200 },
      { summary: "Not known", as: "admin", parameters: { id: 999 }, status: 404 },
      { summary: "Not an id", as: "admin", parameters: { id: "x" }, status: 400 },
    ],
  },
  "POST /api/conflicts/:id/resolve": {
    operationId: "resolveConflict",
    tag: "Conflicts",
    summary: "Say which version is right, once.",
    description:
      "`keep: theirs` leaves what stands. `keep: mine` brings the version back that had lost, `keep: merge` only its `fields`: as a new version by head office, with who and why, of which tills and devices hear. Final documents of Tillsync's own tills take no edit: keep what stands, and correct it by a document of its own.",
    parameters: one,
    body: { description: "What, who and why.", schema: fromZod(conflictResolving) },
    answers: { 200: { description: "As it is now.", schema: ref("ConflictSummary") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT", "CONFLICT_RESOLVED", "ALREADY_CLOSED", "DELETED_ITEM", "BODY_INVALID"],
    examples: [
      {
        summary: "Keep what stands",
        ...resolve(1, { keep: "theirs", actor: "Grace", reason: "checked the receipt" }),
        status: 200,
      },
      { summary: "A second time", ...resolve(1, { keep: "mine", reason: "no" }), status: 409 },
      { summary: "Not known", ...resolve(999, { keep: "theirs", reason: "x" }), status: 404 },
      { summary: "Without a reason", ...resolve(1, { keep: "mine" }), invalid: true, status: 400 },
      {
        summary: "Bring back what had lost",
        ...resolve(2, { keep: "mine", reason: "the guest's receipt" }),
        status: 200,
      },
      { summary: "Of a till's final order", ...resolve(3, { keep: "mine", reason: "x" }), status: 422 },
    ],
  },
};
