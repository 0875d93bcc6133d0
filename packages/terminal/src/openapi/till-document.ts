import { readFileSync } from "node:fs";
import { type ErrorCode, LIMITS } from "@tillsync/protocol";
import { buildDocument, type OpenApi, type RecordedAnswers, type RouteDescription } from "@tillsync/protocol/openapi";
import { DOOR } from "../door-limits.ts";
import { isOpenRoute } from "../guard.ts";
import { CONFLICT_ROUTES, CUSTOMER_ROUTES } from "./conflict-descriptions.ts";
import { ITEM_ROUTES } from "./item-descriptions.ts";
import { CUSTOMER_SEARCH, LOOK_UP_ROUTES } from "./look-up-descriptions.ts";
import { ORDER_ROUTES } from "./order-descriptions.ts";
import { PAGE_ROUTES, RECORD_ROUTES, STATUS_ROUTES } from "./other-descriptions.ts";
import { QUEUE_ROUTES } from "./queue-descriptions.ts";
import { TILL_SCHEMAS } from "./record-schemas.ts";
import { SHIFT_CLOSING, SHIFT_OPENING } from "./shift-descriptions.ts";

/** Every route of a till, in the order in which the examples are sent: a day from its first shift to its end. */
export const ROUTES: Readonly<Record<string, RouteDescription>> = {
  ...SHIFT_OPENING,
  ...ORDER_ROUTES,
  ...RECORD_ROUTES,
  ...CUSTOMER_ROUTES,
  ...CUSTOMER_SEARCH,
  ...SHIFT_CLOSING,
  ...STATUS_ROUTES,
  ...QUEUE_ROUTES,
  ...CONFLICT_ROUTES,
  ...ITEM_ROUTES,
  ...LOOK_UP_ROUTES,
  ...PAGE_ROUTES,
};

const TAGS = [
  { name: "Shifts", description: "A till sells inside a shift." },
  { name: "Orders", description: "Closed at once, or opened, edited and paid." },
  { name: "Records", description: "Transactions, stock movements and customers." },
  { name: "Items", description: "What there is to sell, at which price, and how reference data comes along." },
  { name: "Status", description: "How the till is, and what became of what it recorded." },
  { name: "Pages", description: "For browsers." },
];

const DESCRIPTION = `What a POS on this machine calls. Everything is written durably before it is answered, with or without head office.

Every call may be sent again when its answer was lost: \`localId\` is the caller's own, and the same content under it is answered as before.

Bodies are JSON in UTF-8, as \`content-type: application/json\`, not packed, of at most ${DOOR.maxBodyBytes / 1024} KiB; one record has at most ${LIMITS.maxChangeBytes / 1024} KiB. Amounts are whole minor units (cents), quantities and unit prices decimal text. Unknown fields are refused, so that a misspelt one is never lost. A refusal has one shape (\`Refusal\`); programs look at \`code\` and \`retryable\`.

A till on 127.0.0.1 needs no key. One that listens wider has a key in its configuration, and takes it as \`authorization: Bearer\`.

The examples are requests that a test sends in this order, and what was answered.`;

const ALWAYS: readonly ErrorCode[] = ["FORBIDDEN", "INTERNAL"];
const WITH_KEY: readonly ErrorCode[] = ["UNAUTHENTICATED"];
const WITH_BODY: readonly ErrorCode[] = ["INVALID_JSON", "TOO_LARGE", "UNSUPPORTED_ENCODING"];
/** What the database of a till may be unable to do. */
const RECORDING: readonly ErrorCode[] = ["STORE_FULL", "NOT_SOLD", "COMMIT_UNKNOWN", "TERMINAL_STOPPED"];

/** What a request may be refused with besides what its route says itself. */
export function generalRefusals(route: string, { body }: Pick<RouteDescription, "body">): readonly ErrorCode[] {
  const url = route.split(" ")[1];
  return [
    ...ALWAYS,
    ...(isOpenRoute(url) ? [] : WITH_KEY),
    ...(body === undefined ? [] : WITH_BODY),
    ...(route.startsWith("GET") || url === "/api/sync/now" ? [] : RECORDING),
  ];
}

let made: OpenApi | undefined;

/** The description of a till's local API, made when first asked for. */
export function tillDocument(): OpenApi {
  made ??= buildDocument({
    title: "Tillsync, till",
    version: versionOfRelease(),
    description: DESCRIPTION,
    tags: TAGS,
    routes: ROUTES,
    accessOf: (route) =>
      isOpenRoute(route.split(" ")[1])
        ? { says: "Never needs a key.", key: "never" }
        : { says: "Needs the till's key, when it has one.", key: "perhaps" },
    refusalsOf: generalRefusals,
    keyDescription: "The key in the till's configuration.",
    schemas: TILL_SCHEMAS,
    answers: JSON.parse(readFileSync(ANSWERS_FILE, "utf8")) as RecordedAnswers,
  });
  return made;
}

function versionOfRelease(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String((JSON.parse(manifest) as { version?: unknown }).version);
}

/** What the examples were answered; `till-document.test.ts` writes it. */
export const ANSWERS_FILE = new URL("answers.json", import.meta.url);
