import { exchangeResponse, hash, incarnationId, lineEvent, orderLine, tender } from "@tillsync/protocol";
import {
  fromZod,
  INVENTORY_EVENT_SCHEMAS,
  type JsonSchema,
  listOf,
  nullable,
  object,
  ref,
  text,
} from "@tillsync/protocol/openapi";
import * as sent from "../schemas.ts";
import { CONFLICT_SCHEMAS } from "./conflict-descriptions.ts";
import { ITEM_SCHEMAS } from "./item-descriptions.ts";
import { LOOK_UP_SCHEMAS } from "./look-up-descriptions.ts";
import { QUEUE_SCHEMAS } from "./queue-descriptions.ts";
import { SHIFT_SCHEMAS } from "./shift-schemas.ts";

const textOrNull = (description: string): JsonSchema => nullable(text(description));
const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const minor = (description: string): JsonSchema => ({ type: "integer", description });
const day = text("The day it counts for.", { format: "date" });
const atOrNull = (description: string): JsonSchema => nullable(text(description, { format: "date-time" }));
const effect = nullable(
  fromZod(exchangeResponse.shape.entries.element.shape.effect, "What the centre made of it; null until it said so."),
);
const why = nullable(object({ code: ref("ErrorCode"), message: text("For people.") }));

const recorded = {
  localId: text("Its identity."),
  changeId: text("Of the change in the journal.", { format: "uuid" }),
  incarnation: fromZod(incarnationId, "The life of the till's database."),
  seq: { type: "integer", minimum: 1, description: "Place in the journal." },
  hash: fromZod(hash, "Chains it to the one before."),
  kind: text("Such as `order.closed`."),
  version: { type: "integer", minimum: 1, description: "Counts the changes of this entity." },
  "receiptNumber?": text("Given when an order is closed."),
  "totalMinor?": minor("Minor units."),
  duplicate: {
    type: "boolean",
    description: "True when it was recorded before with the same content: nothing was written.",
  },
};

const order = {
  localId: text("Its identity."),
  state: { type: "string", enum: ["open", "closed", "voided", "deleted"] },
  version: { type: "integer", minimum: 1 },
  currency: text("ISO 4217."),
  totalMinor: minor("Minor units."),
  lines: listOf(fromZod(orderLine)),
  tenders: listOf(fromZod(tender)),
  receiptNumber: textOrNull("Null while it is open."),
  businessDate: day,
  shiftId: textOrNull("The shift it belongs to."),
  events: listOf(fromZod(lineEvent), "What happened to it while it was open, on all terminals."),
  header: object(
    {
      "label?": text("Such as the table."),
      "operator?": text("Who edited it last."),
      "customerId?": text("Whose order it is."),
      "covers?": { type: "integer", minimum: 0, description: "Guests." },
    },
    "Each field as it was last written, by whichever terminal.",
  ),
  "terminal?": text("Another terminal whose change made it what it is.", { format: "uuid" }),
  "alsoPaid?": listOf(
    object({
      receiptNumber: text("As printed."),
      totalMinor: minor("Minor units."),
      terminal: textOrNull("Null for this till's own."),
    }),
    "Other receipts that were printed for it, by tills that did not hear of each other: each took money.",
  ),
  orderSyncStatus: {
    type: "string",
    enum: ["PENDING", "SYNCED", "FAILED"],
    description: "Where it is on its way to head office.",
  },
  effect,
};

const lane = object({
  name: { type: "string", enum: ["central"] },
  state: { type: "string", enum: ["pending", "sending", "retrying", "parked", "settled"] },
  pending: count("Changes that head office lacks."),
  failures: count("In a row."),
  badge: { type: "boolean", description: "True when a person should know. It goes on all the same." },
  lastAttemptAt: atOrNull("The last attempt."),
  lastSuccessAt: atOrNull("The last one that succeeded."),
  nextAttemptAt: atOrNull("The next one."),
  lastError: why,
  halted: { ...why, description: "Set when sending stopped until a person acts. Nothing is lost." },
  breaker: {
    type: "string",
    enum: ["closed", "open", "half-open"],
    description: "`open`: only the slow period, a probe that is answered, a shift or Sync now begins an attempt.",
  },
  stalls: count("How often the watchdog had to set it going again since the process started."),
});

const connectivity = object({
  target: { type: "string", enum: ["central"] },
  state: { type: "string", enum: ["unknown", "online", "degraded", "offline"] },
  since: atOrNull("Since when; null while it is unknown."),
  lastAnswerAt: atOrNull("When anything last answered there."),
});

const retired = object({
  changes: count("Old changes of which only their place in the chain is kept here; head office has them in a backup."),
  bytes: count("Bytes that they had."),
});

const status = object({
  terminal: text("This till.", { format: "uuid" }),
  shortId: text("What people call it."),
  store: text("Its store."),
  currency: text("Of amounts that come without one."),
  timeZone: text("Of the store, such as `Africa/Nairobi`."),
  incarnation: fromZod(incarnationId, "The life of its database."),
  incarnationOrdinal: { type: "integer", minimum: 1 },
  reborn: nullable(
    object(
      { reason: text("Why, in words."), businessDate: nullable(text("When.", { format: "date" })) },
      "The life followed another one: the database was copied, put back, lost or moved to another machine.",
    ),
  ),
  syncState: { type: "string", enum: ["Idle", "Syncing", "Success", "Error"], description: "Requirement 004's words." },
  light: { type: "string", enum: ["green", "yellow", "red"] },
  text: text("One sentence for people."),
  headSeq: count("The last change in the journal."),
  durableThrough: count("Head office has everything up to here."),
  pending: count("Changes that head office lacks."),
  exceptions: count("Changes that head office has and could not apply."),
  pendingOrders: count("Closed orders that head office lacks (requirement 004)."),
  syncedOrders: count("Closed orders that it has."),
  failedOrders: count("Closed orders that it has and that need a person there."),
  pendingTransactions: count("The same for transactions."),
  syncedTransactions: count("The same for transactions."),
  failedTransactions: count("The same for transactions."),
  pendingInventory: count("The same for stock movements."),
  syncedInventory: count("The same for stock movements."),
  failedInventory: count("The same for stock movements."),
  lastSyncTimestamp: nullable({ type: "integer", description: "Last success, ms since 1970." }),
  queue: listOf(ref("QueueCount"), "What waits and what needs a person, by requirement 002's types."),
  shift: nullable(ref("Shift")),
  lanes: listOf(ref("Lane")),
  connectivity: listOf(ref("Connectivity"), "How the way to each target is; never a condition for selling."),
  modules: ref("ModulesSummary"),
  storage: ref("Storage"),
  retired,
  stopped: { ...why, description: "Set when the database failed and selling stopped." },
});

const STORAGE_STATES = ["damaged", "read-only", "failing", "full", "low", "slow", "ok"];

const storage = object({
  state: { type: "string", enum: STORAGE_STATES, description: "How the till's own disk is, since the till started." },
  code: textOrNull("The error code of what went wrong last."),
  message: text("What is wrong and what to do; empty when there is nothing to say."),
  freeBytes: nullable(count("Bytes that may still be written; null when the system does not say.")),
  reserveBytes: count("What is left of the reserve for a full disk."),
  lastCommitMs: count("Milliseconds that the last durable commit took."),
  errors: count("Errors of the disk since the start; each was resolved, or selling stopped."),
});

const explanation = object({
  localId: text("Its identity."),
  receiptNumber: textOrNull("Its receipt."),
  where: text("Where it is now, in one sentence."),
  changes: listOf(
    object({
      incarnation: fromZod(incarnationId),
      seq: { type: "integer", minimum: 1 },
      kind: text("Such as `order.closed`."),
      hash: nullable(fromZod(hash, "Null for another terminal's change.")),
      "terminal?": text("Whose it is, when it is another terminal's.", { format: "uuid" }),
      intact: { type: "boolean", description: "True when its bytes still give its hash." },
      "retired?": {
        type: "boolean",
        description: "There when this till gave its bytes up: it is old, and head office has them in a backup.",
      },
      durable: { type: "boolean", description: "True when head office has it." },
      effect,
      code: nullable(ref("ErrorCode")),
      message: textOrNull("Why it was not applied."),
      body: { description: "What the journal says." },
    }),
  ),
  steps: listOf(object({ at: atOrNull("When."), what: text("What happened.") }), "Oldest first."),
});

const result = { anyOf: [ref("Recorded"), { allOf: [ref("Refused"), ref("Refusal")] }] };

export const TILL_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Backup: object(
    {
      name: text("Its file name."),
      file: nullable(text("Where it is on this machine; null once only its destination has it.")),
      bytes: { type: "integer", minimum: 0, description: "Packed and encrypted." },
      sha256: text("Of the file."),
      takenAt: text("By this till's clock.", { format: "date-time" }),
      wholeAt: nullable(text("When its destination had all of it.", { format: "date-time" })),
    },
    "A backup of this till.",
  ),
  Unsettled: object(
    Object.fromEntries(
      ["changes", "sales", "openShifts", "unsettledShifts", "openOrders"].map((name) => [
        name,
        { type: "integer", minimum: 0 },
      ]),
    ),
    "What a till holds that is nowhere else yet.",
  ),
  OrderDraft: fromZod(
    sent.orderDraft,
    "An order that is closed at once. Amounts are minor units; quantities and prices decimal text.",
  ),
  OrderEdit: fromZod(sent.orderEdit, "An edit of an open order; the first one opens it."),
  OrderEditOfAddress: fromZod(sent.orderEdit.partial({ localId: true }), "An edit of the order in the address."),
  Payment: fromZod(sent.payment.partial({ localId: true }), "How an open order was paid."),
  Voiding: fromZod(
    sent.voiding.partial({ localId: true }),
    "Why an order is taken back. A closed one needs `voidLocalId`.",
  ),
  Deletion: fromZod(sent.deletion.partial({ localId: true }), "Why an open order is deleted."),
  TransactionDraft: fromZod(sent.transactionDraft, "Money or stock moved outside an order."),
  InventoryDraft: fromZod(sent.inventoryDraft, "A stock movement."),
  ...INVENTORY_EVENT_SCHEMAS,
  Order: object(order, "An order as it is now."),
  Recorded: object(recorded, "What was written into the journal, durably."),
  RecordedOrder: object({ ...recorded, ...order }, "What was written, and what the order is now."),
  Refused: object({ success: { type: "boolean", enum: [false] } }),
  RecordResults: object({ results: listOf(result, "By position.") }, "What became of several records."),
  ...SHIFT_SCHEMAS,
  Lane: lane,
  Connectivity: connectivity,
  ...CONFLICT_SCHEMAS,
  ...ITEM_SCHEMAS,
  ...LOOK_UP_SCHEMAS,
  Status: status,
  SyncResult: object({
    sent: count("Changes that went."),
    sentByKind: ref("KindCounts"),
    left: count("Changes that are left."),
    leftByKind: ref("KindCounts"),
    reason: { ...why, description: "Why some are left." },
  }),
  Explanation: explanation,
  Storage: storage,
  Health: object({
    status: { type: "string", enum: ["ok", "stopped"] },
    terminal: text("What people call this till."),
    database: { type: "string", enum: ["ok", "failed"] },
    central: nullable(text("State of the way to head office. It has no part in `status`: a till sells without.")),
    pending: count("Changes that head office lacks."),
    parts: object({
      database: { type: "string", enum: ["up", "down"] },
      central: {
        type: "string",
        enum: ["unknown", "online", "degraded", "offline"],
        description: "As exchanges and probes have shown; nobody is called for this answer.",
      },
      kafka: { type: "string", enum: ["disabled"], description: "Its relay runs at the centre." },
      storage: { type: "string", enum: STORAGE_STATES },
      sync: { type: "string", enum: ["idle", "syncing", "retrying", "halted", "stopped"] },
    }),
    storage: text("What is wrong with the disk and what to do; empty when nothing is."),
    counts: object({
      pending: count("Changes that head office lacks."),
      failed: count("What needs a person."),
    }),
  }),
  ...QUEUE_SCHEMAS,
};
