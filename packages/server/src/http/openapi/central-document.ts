import { readFileSync } from "node:fs";
import type { ErrorCode } from "@tillsync/protocol";
import { LIMITS } from "@tillsync/protocol";
import {
  type Api,
  buildDocument,
  type OpenApi,
  type RecordedAnswers,
  type RouteDescription,
} from "@tillsync/protocol/openapi";
import { ACCESS } from "../access.ts";
import { DOOR } from "../door-limits.ts";
import { BACKUP_ROUTES, BACKUP_SCHEMAS } from "./backup-descriptions.ts";
import { CONFLICT_ROUTES, CONFLICT_SCHEMAS } from "./conflict-descriptions.ts";
import { DAY_ROUTES, DAY_SCHEMAS } from "./day-descriptions.ts";
import { DEVICE_ROUTES } from "./device-descriptions.ts";
import { DOCUMENT_ROUTES, DOCUMENT_SCHEMAS } from "./document-descriptions.ts";
import { EXCHANGE_ROUTES, EXCHANGE_SCHEMAS } from "./exchange-descriptions.ts";
import { INVENTORY_ROUTES, INVENTORY_SCHEMAS } from "./inventory-descriptions.ts";
import { KIND_ROUTES, KIND_SCHEMAS } from "./kind-descriptions.ts";
import { LEDGER_ROUTES, LEDGER_SCHEMAS } from "./ledger-descriptions.ts";
import { MODULE_ROUTES, MODULE_SCHEMAS } from "./module-descriptions.ts";
import { OPEN_ROUTES, OPEN_SCHEMAS } from "./open-descriptions.ts";
import { READING_ROUTES, READING_SCHEMAS } from "./reading-descriptions.ts";
import { SYNCABLE_SCHEMAS } from "./syncable.ts";
import { TASK_ROUTES, TASK_SCHEMAS } from "./task-descriptions.ts";
import { TERMINAL_ROUTES, TERMINAL_SCHEMAS } from "./terminal-descriptions.ts";
import { TILL_BACKUP_ROUTES, TILL_BACKUP_SCHEMAS } from "./till-backup-descriptions.ts";

/** Every route of `ACCESS`, in the order in which the examples are sent: later ones read what earlier ones stored. */
export const ROUTES: Readonly<Record<string, RouteDescription>> = {
  ...EXCHANGE_ROUTES,
  ...DEVICE_ROUTES,
  ...INVENTORY_ROUTES,
  ...READING_ROUTES,
  ...LEDGER_ROUTES,
  ...BACKUP_ROUTES,
  ...DAY_ROUTES,
  ...KIND_ROUTES,
  ...TASK_ROUTES,
  ...TERMINAL_ROUTES,
  ...DOCUMENT_ROUTES,
  ...MODULE_ROUTES,
  ...CONFLICT_ROUTES,
  ...TILL_BACKUP_ROUTES,
  ...OPEN_ROUTES,
};

const TAGS = [
  {
    name: "Devices",
    description:
      "For any POS that can send JSON: orders, transactions and stock, as requirements 001 and 004 have them.",
  },
  { name: "Tills", description: "For Tillsync's own tills." },
  {
    name: "Head office",
    description: "What is stored, for people and checks. All of it stays within the key's store.",
  },
  { name: "Terminals", description: "Tills, the machines that speak for them, and what head office does with either." },
  {
    name: "Reference data",
    description:
      "Items, prices, customers and the rest that tills keep a copy of: brought by head office, read by tills.",
  },
  { name: "Documents", description: "Orders and transactions of devices, edited and deleted at head office." },
  { name: "Conflicts", description: "What lost to another version, for people who look at both." },
  { name: "Health", description: "For monitors and balancers." },
  { name: "Pages", description: "For browsers." },
];

const kib = (bytes: number) => `${bytes / 1024} KiB`;

const DESCRIPTION = `Where tills and devices bring what they sold, and are told what others did.

Bodies are JSON in UTF-8, as \`content-type: application/json\`, plain or packed (\`content-encoding: gzip\` or \`zstd\`). Answers are packed as \`accept-encoding\` allows. A body has at most ${kib(LIMITS.maxWireBytes)} on the wire (a plain batch ${kib(LIMITS.maxRequestBytes)}) and ${kib(LIMITS.maxRequestBytes)} unpacked, ${LIMITS.maxValues} values, ${LIMITS.maxNames} names in one object, ${LIMITS.maxNumberChars} characters in one number and exponents up to ${LIMITS.maxExponent}. A name may come once in an object. Addresses have at most ${DOOR.maxUrlBytes} bytes, headers ${kib(DOOR.maxHeaderBytes)}.

Reference data is read and brought as NDJSON (\`application/x-ndjson\`), one object a line, and brought as CSV (\`text/csv\`) as well; an import is streamed and may take half an hour to arrive.

Every request may be sent again when its answer was lost. A refusal has one shape (\`Refusal\`); programs look at \`code\` and \`retryable\`. A request without a key is refused before its body is read. Send \`x-correlation-id\` (up to 64 letters, digits, \`.\`, \`_\`, \`:\` or \`-\`) to find a request again in the server's log; otherwise one is made.

The examples are requests that a test sends in this order, and what was answered.`;

const WITH_KEY: readonly ErrorCode[] = ["UNAUTHENTICATED", "FORBIDDEN", "TOO_MANY_REQUESTS", "INTERNAL", "UNAVAILABLE"];
const WITH_BODY: readonly ErrorCode[] = ["INVALID_JSON", "TOO_LARGE", "UNSUPPORTED_ENCODING"];

/** What a request may be refused with besides what its route says itself. */
export function generalRefusals(route: string, { body }: Pick<RouteDescription, "body">): readonly ErrorCode[] {
  if (ACCESS[route] === "anyone") return [];
  return [...WITH_KEY, ...(body === undefined ? [] : WITH_BODY)];
}

let made: OpenApi | undefined;

/** The description of the central server's API, made when first asked for. */
export function centralDocument(): OpenApi {
  made ??= buildDocument({
    title: "Tillsync, central server",
    version: versionOfRelease(),
    description: DESCRIPTION,
    tags: TAGS,
    routes: ROUTES,
    accessOf,
    refusalsOf: generalRefusals,
    keyDescription:
      "The access key that `tillsync enroll` printed, or the token that a till was given (`POST /api/token`). It belongs to one store, and to one role.",
    schemas: {
      ...SYNCABLE_SCHEMAS,
      ...INVENTORY_SCHEMAS,
      ...EXCHANGE_SCHEMAS,
      ...DOCUMENT_SCHEMAS,
      ...CONFLICT_SCHEMAS,
      ...READING_SCHEMAS,
      ...LEDGER_SCHEMAS,
      ...BACKUP_SCHEMAS,
      ...DAY_SCHEMAS,
      ...MODULE_SCHEMAS,
      ...KIND_SCHEMAS,
      ...TASK_SCHEMAS,
      ...TERMINAL_SCHEMAS,
      ...TILL_BACKUP_SCHEMAS,
      ...OPEN_SCHEMAS,
    },
    answers: readAnswers(),
  });
  return made;
}

function accessOf(route: string): ReturnType<Api["accessOf"]> {
  const access = ACCESS[route];
  if (access === undefined || access === "anyone") return { says: "Open to anyone.", key: "never" };
  const roles = access.map((role) => `\`${role}\``).join(" or ");
  return { says: `Needs a key of role ${roles}.`, key: "needed" };
}

function versionOfRelease(): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return String((JSON.parse(manifest) as { version?: unknown }).version);
}

/** What the examples were answered; `openapi.pg.test.ts` writes it. */
export const ANSWERS_FILE = new URL("answers.json", import.meta.url);

function readAnswers(): RecordedAnswers {
  return JSON.parse(readFileSync(ANSWERS_FILE, "utf8")) as RecordedAnswers;
}
