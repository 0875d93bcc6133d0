import { MAX_HISTORY_PAGE, MAX_QUEUE_PAGE, QUEUE_STATUSES, QUEUE_TYPES } from "@tillsync/engine";
import { exchangeResponse, incarnationId } from "@tillsync/protocol";
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
const queueType: JsonSchema = {
  type: "string",
  enum: [...QUEUE_TYPES],
  description:
    "CentralSync are changes; CloudBackup are backups of this till. EtimsInvoice and MpesaVerify have no lane yet.",
};
const queueStatus: JsonSchema = { type: "string", enum: [...QUEUE_STATUSES] };

const queueItem = object({
  id: text("The same for this change for ever."),
  queueType,
  entityType: text(
    "Receipt (a closed order), Order (an open one), Transaction, Inventory, Shift, Terminal, Exception or Backup.",
  ),
  entityId: text("Its `localId`; of a backup its file name."),
  status: queueStatus,
  retryCount: count("Failures of its lane in a row since it was recorded."),
  maxRetries: count("After so many a badge shows. Nothing stops."),
  lastError: nullable(text("Why it is not done.")),
  createdAt: at("When it was recorded."),
  processedAt: atOrNull("When head office had it, as far back as the history goes."),
  shiftId: nullable(text("The shift it belongs to.")),
  lastAttemptTime: atOrNull("The last attempt that may have carried it."),
  nextAttemptTime: atOrNull("The next one."),
  kind: nullable(text("Such as `order.closed`; null for a backup.")),
  receiptNumber: nullable(text("Of a closed order.")),
  effect: nullable(
    fromZod(exchangeResponse.shape.entries.element.shape.effect, "What head office made of it; null until it has it."),
  ),
  incarnation: nullable(fromZod(incarnationId, "The life of the till's database; null for a backup.")),
  seq: nullable({ type: "integer", minimum: 1, description: "Place in the journal; null for a backup." }),
});

const attempt = object({
  id: text("Counts up."),
  at: at("When it began."),
  lane: { type: "string", enum: ["central"] },
  entityType: {
    type: "string",
    enum: ["Transaction", "Inventory", "Batch"],
    description: "One transaction (an order too), one stock movement, or several changes (requirement 001).",
  },
  entityId: text("`localId` of the one, or the range of changes."),
  attemptNumber: { type: "integer", minimum: 1, description: "Failures in a row before it, plus one." },
  errorMessage: nullable(text("For people.")),
  code: nullable(ref("ErrorCode")),
  shouldRetry: { type: "boolean", description: "Whether the till tries again by itself." },
  durationMs: { type: "number", minimum: 0 },
  sent: count("Changes that became durable at head office through it."),
  changes: count("Changes that it carried."),
  correlationId: text("In the logs of both sides."),
  outcome: { type: "string", enum: ["ok", "failed"] },
});

export const QUEUE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  QueueItem: queueItem,
  Retry: object({ "operator?": text("Who decides.") }),
  Discard: object({ operator: text("Who decides."), reason: text("Why, in words.") }),
  QueueCount: object({
    queueType,
    pending: count("Pending and Processing."),
    failed: count("They need a person."),
    oldestAt: atOrNull("Since when the oldest waits."),
  }),
  QueuePage: object({
    items: listOf(ref("QueueItem"), "In the order in which they go."),
    next: nullable(text("`after` of the next page; null on the last one.")),
  }),
  History: object({
    attempts: listOf(attempt, "Newest first."),
    next: nullable(text("`before` of the next page; null on the last one.")),
  }),
  KindCounts: {
    type: "object",
    additionalProperties: { type: "integer", minimum: 1 },
    description: "How many changes of each kind.",
  },
};

const EXAMPLE_ID = "central-00112233445566ff-17";

const QUEUE_ID = { in: "path", name: "id", description: "`id` of an item of `/api/queue`.", schema: text("") } as const;

/** Nothing is parked on the till that the examples are sent to: this is what it would answer. */
function decided(kind: "exception.retried" | "exception.discarded") {
  const recorded = {
    localId: "00112233445566ff-17",
    changeId: "0198c0de-0000-7000-8000-000000000000",
    incarnation: "00112233445566ff",
    seq: 40,
    hash: "5f".repeat(32),
    kind,
    version: 1,
  };
  const schema = ref("Recorded");
  return {
    201: { description: "Written.", schema, example: { ...recorded, duplicate: false } },
    200: { description: "Decided before: nothing was written.", schema, example: { ...recorded, duplicate: true } },
  };
}

export const QUEUE_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/queue": {
    operationId: "getQueue",
    tag: "Status",
    summary: "What waits, is on its way, needs a person, or was lately done (requirement 002's SyncQueue).",
    description:
      "A view of what is there, in the order in which things go; nothing is kept twice for it. Completed are the last 100 changes that head office has. Types whose lane is not there yet answer nothing.",
    parameters: [
      { in: "query", name: "type", description: "Only this type.", schema: queueType },
      { in: "query", name: "status", description: "Only this status.", schema: queueStatus },
      {
        in: "query",
        name: "limit",
        description: "Items at most; 200 when left out.",
        schema: { type: "integer", minimum: 1, maximum: MAX_QUEUE_PAGE },
      },
      { in: "query", name: "after", description: "`next` of the page before, or an item's id.", schema: text("") },
    ],
    answers: { 200: { description: "A page of it.", schema: ref("QueuePage") } },
    refusals: ["INVALID_INPUT", "TERMINAL_STOPPED"],
    examples: [
      { summary: "What head office lacks", parameters: { status: "Pending", limit: 2 }, status: 200 },
      { summary: "A type without a lane", parameters: { type: "EtimsInvoice" }, status: 200 },
      { summary: "A status that there is not", parameters: { status: "Lost" }, invalid: true, status: 400 },
    ],
  },
  "POST /api/queue/:id/retry": {
    operationId: "retryQueueItem",
    tag: "Status",
    summary: "Have head office try a change again that it could not apply and parked.",
    description:
      "The decision is a change of the till itself: it goes at once, or when the link is back. Asked for again before head office has heard of it, nothing is written.",
    parameters: [QUEUE_ID],
    body: { description: "Who decides, if that is to be kept.", schema: ref("Retry") },
    answers: decided("exception.retried"),
    refusals: ["INVALID_INPUT", "NOT_PARKED"],
    examples: [
      { summary: "One that is not parked", parameters: { id: EXAMPLE_ID }, body: {}, status: 409 },
      { summary: "No id of the queue", parameters: { id: "17" }, body: {}, status: 400 },
    ],
  },
  "POST /api/queue/:id/discard": {
    operationId: "discardQueueItem",
    tag: "Status",
    summary: "Give a parked change up: it stays stored on both sides, and is never applied.",
    description:
      "What waits behind it goes on. The same again is answered as before; with other words it is refused (`LOCAL_ID_TAKEN`).",
    parameters: [QUEUE_ID],
    body: { description: "Who decides, and why.", schema: ref("Discard") },
    answers: decided("exception.discarded"),
    refusals: ["INVALID_INPUT", "NOT_PARKED", "LOCAL_ID_TAKEN"],
    examples: [
      {
        summary: "One that is not parked",
        parameters: { id: EXAMPLE_ID },
        body: { operator: "Amina", reason: "entered twice" },
        status: 409,
      },
      {
        summary: "Without a reason",
        parameters: { id: EXAMPLE_ID },
        body: { operator: "Amina" },
        invalid: true,
        status: 400,
      },
    ],
  },
  "GET /api/sync/history": {
    operationId: "getHistory",
    tag: "Status",
    summary: "The attempts to reach head office, newest first (requirement 001's SyncRetryLog).",
    description:
      "Every attempt that failed or carried something, as long as `Retention.HistoryDays` and `Retention.HistoryRows` keep them. Polls that succeed and carry nothing are only counted (`/metrics`).",
    parameters: [
      {
        in: "query",
        name: "limit",
        description: "Attempts at most; 100 when left out.",
        schema: { type: "integer", minimum: 1, maximum: MAX_HISTORY_PAGE },
      },
      { in: "query", name: "before", description: "`next` of the page before.", schema: text("") },
    ],
    answers: { 200: { description: "A page of it.", schema: ref("History") } },
    refusals: ["INVALID_INPUT", "TERMINAL_STOPPED"],
    examples: [
      { summary: "The last one", parameters: { limit: 1 }, status: 200 },
      { summary: "Too many", parameters: { limit: 100_000 }, invalid: true, status: 400 },
    ],
  },
  "GET /metrics": {
    operationId: "getMetrics",
    tag: "Status",
    summary: "Figures for monitors, in the text format of Prometheus; docs/operating.md explains them.",
    answers: {
      200: {
        description: "Now.",
        contentType: "text/plain; version=0.0.4; charset=utf-8",
        schema: { type: "string" },
      },
    },
    examples: [{ summary: "The figures", status: 200 }],
  },
};
