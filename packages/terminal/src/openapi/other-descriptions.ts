import type { ErrorCode } from "@tillsync/protocol";
import {
  type Answer,
  fromZod,
  listOf,
  nullable,
  object,
  type RouteDescription,
  ref,
  text,
} from "@tillsync/protocol/openapi";
import { resetConfirmed, rowsToRepair } from "../schemas.ts";

const recorded: Readonly<Record<number, Answer>> = {
  201: {
    description: "Written. A list is answered with a list.",
    schema: { anyOf: [ref("Recorded"), ref("RecordResults")] },
  },
  200: {
    description: "It was recorded before with the same content: nothing was written.",
    schema: { anyOf: [ref("Recorded"), ref("RecordResults")] },
  },
};
const SEVERAL =
  "One record, or a list of up to 1000, in our fields or in those of requirement 001. Of a list, everything that can be recorded is; the status is that of the first refusal, `results` has the answer to each, and sending all of it again is harmless.";

const payout = { localId: "payout-1", type: "payout", amountMinor: -50_000, reason: "milk" };
const sale = { Id: 17, ProductId: "bread", TransactionType: "Sale", Quantity: 2, UnitPrice: 60.0, TotalAmount: 120.0 };
const delivery = { localId: "delivery-1", item: "bread", delta: "12", type: "delivery" };
const stock = { id: "u-1", productId: "bread", previousStock: 10, newStock: 8, updateType: "Count" };

interface Records {
  readonly operationId: string;
  readonly summary: string;
  /** Name of the schema of one in our own fields. */
  readonly draft: string;
  /** One in our fields, and one in those of requirement 001. */
  readonly samples: readonly [object, object];
  readonly refusals: readonly ErrorCode[];
}

function records({ operationId, summary, draft, samples, refusals }: Records): RouteDescription {
  const [own, other] = samples;
  const one = { anyOf: [ref(draft), ref("InventoryEvent")] };
  return {
    operationId,
    tag: "Records",
    summary,
    description: SEVERAL,
    body: {
      description: "A record or a list.",
      schema: { anyOf: [...one.anyOf, listOf(one, "Several.", { maxItems: 1000 })] },
    },
    answers: recorded,
    refusals: ["INVALID_INPUT", "LOCAL_ID_TAKEN", ...refusals],
    examples: [
      { summary: "In our fields", body: own, status: 201 },
      { summary: "Again", body: own, status: 200 },
      { summary: "A list, in the fields of requirement 001", body: [other], status: 201 },
      { summary: "Another record under the same id", body: { ...own, type: "other" }, status: 409 },
      { summary: "Without an id", body: { ...own, localId: undefined }, invalid: true, status: 400 },
    ],
  };
}

export const RECORD_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/transactions": records({
    operationId: "postTransactions",
    summary: "Record money or stock moved outside an order.",
    draft: "TransactionDraft",
    samples: [payout, sale],
    refusals: ["SHIFT_NOT_OPEN"],
  }),
  "POST /api/inventory": records({
    operationId: "postInventory",
    summary: "Record stock movements.",
    draft: "InventoryDraft",
    samples: [delivery, stock],
    refusals: [],
  }),
};

const html = (contentType = "text/html; charset=utf-8"): Answer => ({
  description: "The file.",
  contentType,
  schema: { type: "string" },
});
function page(operationId: string, summary: string, contentType?: string): RouteDescription {
  return {
    operationId,
    tag: "Pages",
    summary,
    answers: { 200: html(contentType) },
    examples: [{ summary: "The file", status: 200 }],
  };
}
function stream(operationId: string, summary: string, description: string): RouteDescription {
  const says = "Server-sent events, without end.";
  return {
    operationId,
    tag: "Status",
    summary,
    description,
    answers: {
      200: { description: says, contentType: "text/event-stream; charset=utf-8", schema: { type: "string" } },
    },
    refusals: ["TOO_MANY_REQUESTS"],
    examples: [],
  };
}

export const STATUS_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/status": {
    operationId: "getStatus",
    tag: "Status",
    summary: "What the till knows about itself and its way to head office.",
    answers: { 200: { description: "Now.", schema: ref("Status") } },
    examples: [{ summary: "Head office cannot be reached", status: 200 }],
  },
  "POST /api/sync/now": {
    operationId: "syncNow",
    tag: "Status",
    summary: "Send what head office lacks, now; answers when it is done or given up.",
    body: {
      description: "Nothing, or an empty object.",
      required: false,
      schema: { type: "object", additionalProperties: false },
    },
    answers: { 200: { description: "What went and what is left.", schema: ref("SyncResult") } },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "Head office cannot be reached", body: {}, status: 200 },
      { summary: "A field", body: { all: true }, invalid: true, status: 400 },
    ],
  },
  "GET /api/backups": {
    operationId: "listBackups",
    tag: "Status",
    summary: "The backup that waits to be sent, and the last one that was.",
    answers: {
      200: {
        description: "Where they go, and those two.",
        schema: object({
          destination: nullable(text("`centre`, or a folder; null when this till takes none.")),
          backups: listOf(ref("Backup"), "Newest first."),
        }),
      },
    },
    examples: [{ summary: "One that waits", status: 200 }],
  },
  "POST /api/backups": {
    operationId: "takeBackup",
    tag: "Status",
    summary: "Take a backup now. Selling goes on; it answers when the backup is on this disk, checked and encrypted.",
    description: "Sending it is the lane's business: `GET /api/queue?type=CloudBackup` shows how far it is.",
    body: {
      description: "Nothing, or an empty object.",
      required: false,
      schema: { type: "object", additionalProperties: false },
    },
    answers: { 200: { description: "The backup.", schema: ref("Backup") } },
    refusals: ["INVALID_INPUT", "NOT_SET_UP", "BACKUP_UNREADABLE"],
    examples: [
      { summary: "Now", body: {}, status: 200 },
      { summary: "Nobody to encrypt for", body: {}, without: "database", status: 409 },
    ],
  },
  "GET /api/reset": {
    operationId: "getUnsettled",
    tag: "Status",
    summary: "What this till holds that is nowhere else: what keeps it from being reset.",
    answers: { 200: { description: "All 0 when nothing is.", schema: object({ unsettled: ref("Unsettled") }) } },
    refusals: ["NOT_FOUND"],
    examples: [
      { summary: "Sales wait", status: 200 },
      { summary: "A till inside another program", without: "database", status: 404 },
    ],
  },
  "POST /api/reset": {
    operationId: "resetTill",
    tag: "Status",
    summary: "Take this till's data away and stop: factory reset, sign-out.",
    description:
      "Refused with `UNSETTLED` and counts while anything is nowhere else yet. `tillsync reset --export` puts everything into a backup first.",
    body: { description: "Which till is meant.", schema: fromZod(resetConfirmed) },
    answers: {
      200: {
        description: "It stops now.",
        schema: object({ reset: { type: "boolean", description: "Always true." } }),
      },
    },
    refusals: ["INVALID_INPUT", "NOT_FOUND", "UNSETTLED"],
    examples: [
      { summary: "Another till is meant", body: { confirm: "T02" }, status: 400 },
      { summary: "Sales wait", body: { confirm: "T01" }, status: 409 },
      { summary: "Everything is settled", body: { confirm: "T01" }, status: 200 },
      { summary: "A till inside another program", body: { confirm: "T01" }, without: "database", status: 404 },
    ],
  },
  "POST /api/sync/repair": {
    operationId: "repairRows",
    tag: "Status",
    summary: "Have the next exchanges bring back changes that a comparison found wrong, either way.",
    description:
      "For `tillsync verify --repair`. Answers at once; what comes back is taken only where it fits the chain. A change that could not be brought back after three exchanges has to be asked for again.",
    body: {
      description: "What this till lacks, and what it is to send head office once more.",
      schema: fromZod(rowsToRepair),
    },
    answers: {
      200: {
        description: "It will be tried.",
        schema: object({ accepted: { type: "boolean", description: "Always true." } }),
      },
    },
    refusals: ["INVALID_INPUT"],
    examples: [
      {
        summary: "One each way",
        body: {
          lacks: [{ incarnation: "a3cd6cceca0e4c81", seq: 2 }],
          sends: [{ incarnation: "a3cd6cceca0e4c81", seq: 3 }],
        },
        status: 200,
      },
      { summary: "No place", body: { lacks: [{ seq: 2 }], sends: [] }, invalid: true, status: 400 },
    ],
  },
  "GET /api/explain/:key": {
    operationId: "explain",
    tag: "Status",
    summary: "Everything that happened to one receipt, and where it is now.",
    parameters: [
      {
        in: "path",
        name: "key",
        description: "A receipt number or a `localId`.",
        schema: text("", { maxLength: 100 }),
      },
    ],
    answers: { 200: { description: "Its story.", schema: ref("Explanation") } },
    refusals: ["NOT_FOUND"],
    examples: [
      { summary: "A receipt", parameters: { key: "T01-20260116-00001" }, status: 200 },
      { summary: "Not known", parameters: { key: "T09-20260116-00001" }, status: 404 },
    ],
  },
  "GET /api/events": stream(
    "streamEvents",
    "What happens on the till, as it happens.",
    "`event: status` with the data of `/api/status`, first and at every change; `event: recorded` with `Recorded` for every record.",
  ),
  "GET /light/events": stream(
    "streamLight",
    "The till's light, as it changes.",
    '`event: light` with `{"light": "red", "pending": 3, "waiting": {"CentralSync": 3}, "lastSyncAt": "2026-01-16T10:11:12.345Z"}`: the colour, what waits by type, and when head office last answered.',
  ),
  "GET /health": {
    operationId: "getHealth",
    tag: "Status",
    summary: "Whether the till can sell, for monitors.",
    answers: {
      200: { description: "It can, with or without head office.", schema: ref("Health") },
      503: { description: "Its database failed, or it was stopped.", schema: ref("Health") },
    },
    examples: [
      { summary: "It can", status: 200 },
      { summary: "It was stopped", status: 503, without: "database" },
    ],
  },
};

const recent = object({
  recent: listOf(
    object({
      localId: text("Its identity."),
      kind: text("Such as `order.closed`."),
      seq: { type: "integer" },
      atMs: { type: "integer", description: "ms since 1970." },
      receiptNumber: { type: ["string", "null"] },
      total: { type: ["string", "null"], description: "As people write it." },
      orderSyncStatus: { type: ["string", "null"] },
    }),
  ),
});

export const PAGE_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /": page("getPage", "The till's status page; without its data."),
  "GET /assets/:file": {
    operationId: "getPageAsset",
    tag: "Pages",
    summary: "A script or style of the status page.",
    description: "Its name has its hash, so it never changes under that name.",
    parameters: [
      { in: "path", name: "file", description: "As the page names it.", schema: text("", { maxLength: 100 }) },
    ],
    answers: { 200: html("text/javascript; charset=utf-8") },
    refusals: ["NOT_FOUND"],
    examples: [{ summary: "Not known", parameters: { file: "index-of-another-release.js" }, status: 404 }],
  },
  "GET /page.json": {
    operationId: "getRecent",
    tag: "Pages",
    summary: "What the page lists: the last records of this process.",
    answers: { 200: { description: "Newest first.", schema: recent } },
    examples: [{ summary: "Two shifts' records", status: 200 }],
  },
  "GET /light": page("getLight", "A light that any POS can embed as a frame."),
  "GET /light.js": page(
    "getLightScript",
    "Its script; in the page of a POS it embeds the light.",
    "text/javascript; charset=utf-8",
  ),
  "GET /light.css": page("getLightStyle", "Its style.", "text/css; charset=utf-8"),
  "GET /docs": page("getDocs", "This description as a page."),
  "GET /docs/openapi.json": {
    operationId: "getOpenApi",
    tag: "Pages",
    summary: "This description for programs: OpenAPI 3.1.",
    answers: {
      200: {
        description: "An OpenAPI document.",
        schema: object({ openapi: { type: "string" }, info: { type: "object" }, paths: { type: "object" } }),
        example: { openapi: "3.1.0", info: { title: "Tillsync, till", version: "0.1.0" }, paths: {} },
      },
    },
    examples: [{ summary: "This description", status: 200 }],
  },
};
