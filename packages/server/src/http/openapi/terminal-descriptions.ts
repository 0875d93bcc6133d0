import { tokenAnswer, tokenRequest } from "@tillsync/protocol";
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
import { MACHINE_ACCESS } from "../../directory/machine-access.ts";
import {
  accessBody,
  actsQuery,
  enrolBody,
  moveBody,
  renameBody,
  replaceBody,
  retireBody,
  terminalParameters,
} from "../terminal-routes.ts";
import { parameters } from "./reading-descriptions.ts";

const count = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const when = (description: string) => text(description, { format: "date-time" });
const access: JsonSchema = {
  type: "string",
  enum: [...MACHINE_ACCESS],
  description: "`active`: all that a till does. `draining`: deliver what it has, and nothing else. `revoked`: nothing.",
};
const serial: JsonSchema = { type: "integer", minimum: 1, description: "Serial of the machine's grant." };

export const TERMINAL_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  TokenAnswer: fromZod(tokenAnswer),
  LeftOnTerminal: object(
    {
      changes: count("Changes that it said it has and the centre has not."),
      openShifts: count("Shifts that are open."),
      unsettledShifts: count("Closed ones that are not settled."),
      damaged: count("Changes stored without intact bytes: only the terminal can mend them."),
      lastSeenAt: nullable(when("When it last called; null when it never did.")),
    },
    "What a terminal still holds, as of when it last called.",
  ),
  TerminalView: object({
    terminal: text("Its UUID."),
    shortId: text("What people and receipts call it."),
    kind: text("Such as `retail`."),
    retiredAt: nullable(when("When it ended.")),
    machines: listOf(object({ machine: serial, name: text("Who it is."), access, grantedAt: when("When.") })),
    keys: count("Access keys (tsk_) that are good for it."),
    left: ref("LeftOnTerminal"),
  }),
  EnrolledMachine: object({
    terminal: text("The terminal's UUID."),
    shortId: text("What people and receipts call it."),
    store: text("Code of its store."),
    currency: text("ISO 4217."),
    grant: text("Signed by the centre; the machine keeps it and shows it with every request for a token."),
    parent: nullable(
      object(
        { incarnation: text("The life."), seq: count("How far the centre has it."), hash: text("The hash there.") },
        "The life that went before on another machine: the new one's first is another (`terminal.reborn`).",
      ),
    ),
  }),
  Act: object({
    id: { type: "integer", minimum: 1 },
    at: when("When."),
    act: text(
      "What: `enrolled`, `key-made`, `replaced`, `renamed`, `moved`, `draining`, `resumed`, `revoked`, `retired`, `attached`.",
    ),
    terminal: nullable(text("Which terminal.")),
    actor: text("Who."),
    reason: nullable(text("Why.")),
    details: { type: "object", description: "What belongs to it." },
  }),
};

const TILL = "1f0c3a5e-0000-4000-8000-0000000000aa";
const MOVED = "1f0c3a5e-0000-4000-8000-0000000000ab";
/** Public keys: the first is that of RFC 8037 appendix A.2. */
const FIRST_KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const OTHER_KEY = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
const THIRD_KEY = "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU";
const at = (what: string) => ({ terminal: what });
const path = parameters("path", terminalParameters, { terminal: "The terminal's UUID." });
const NOT_THERE = "1f0c3a5e-0000-4000-8000-0000000000ff";

function acting(
  operationId: string,
  summary: string,
  description: string,
  rest: Pick<RouteDescription, "body" | "answers" | "examples"> & { refusals?: RouteDescription["refusals"] },
): RouteDescription {
  const { refusals = [], ...more } = rest;
  return {
    ...{ operationId, tag: "Terminals", summary, description, parameters: path },
    ...{ ...more, refusals: ["NOT_FOUND", "INVALID_INPUT", ...refusals] },
  };
}

export const TERMINAL_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/token": {
    operationId: "getToken",
    tag: "Tills",
    summary: "A token for 15 minutes, for what the till signed with its own key.",
    description:
      "`assertion` is a JWS (RFC 7515, EdDSA with Ed25519) in the manner of RFC 7523, with `typ` `tillsync-assertion+jwt` and the key's RFC 7638 thumbprint as `kid`: `iss` and `sub` are the terminal's UUID, `aud` is the centre's id (`iss` of the grant), `exp` lies at most 60 s after `iat`, `jti` is new each time. `grant` is what enrolment answered: a centre that was restored to before it attaches the terminal again. A refusal carries `serverTimeMs`, for clocks that are wrong.",
    body: { description: "What the till signed, and its grant.", schema: fromZod(tokenRequest) },
    answers: {
      200: {
        description: "The token.",
        schema: ref("TokenAnswer"),
        example: {
          token: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
          expiresInS: 900,
          serverTimeMs: 1_768_558_272_345,
          access: "active",
          grant: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
        },
      },
    },
    refusals: [
      "UNAUTHENTICATED",
      "TERMINAL_UNKNOWN",
      "GRANT_REFUSED",
      "INVALID_INPUT",
      "TOO_MANY_REQUESTS",
      "UNAVAILABLE",
    ],
    examples: [
      { summary: "A machine that nobody enrolled", body: { assertion: "e30.e30.e30" }, status: 401 },
      {
        summary: "A grant of another centre",
        body: { assertion: "e30.e30.e30", grant: "e30.e30.e30" },
        status: 403,
      },
      { summary: "No assertion", body: {}, invalid: true, status: 400 },
    ],
  },
  "POST /api/admin/terminals": {
    operationId: "enrolTerminal",
    tag: "Terminals",
    summary: "Enrols a machine as a till of the store.",
    description: "Sent again with the same key it answers the same. `tillsync enroll --centre` does it.",
    body: { description: "The machine, and what it is called.", schema: fromZod(enrolBody) },
    answers: { 200: { description: "What the machine keeps.", schema: ref("EnrolledMachine") } },
    refusals: ["TERMINAL_TAKEN", "INVALID_INPUT"],
    examples: [
      {
        summary: "A new till",
        as: "admin",
        body: { id: TILL, shortId: "T07", publicKey: FIRST_KEY, name: "till by the door", actor: "Wanjiru" },
        status: 200,
      },
      {
        summary: "A short id that is another's",
        as: "admin",
        body: { id: NOT_THERE, shortId: "T07", publicKey: OTHER_KEY, name: "till by the door" },
        status: 409,
      },
      { summary: "No key", as: "admin", body: { id: TILL, shortId: "T07", name: "x" }, invalid: true, status: 400 },
    ],
  },
  "GET /api/admin/terminals": {
    operationId: "listTerminals",
    tag: "Terminals",
    summary: "The tills of the store, their machines, and what is still on each.",
    description: "The first machine of a till speaks for it; earlier ones were replaced.",
    answers: { 200: { description: "By short id.", schema: object({ terminals: listOf(ref("TerminalView")) }) } },
    refusals: ["INVALID_INPUT"],
    examples: [{ summary: "All of them", as: "admin", status: 200 }],
  },
  "POST /api/admin/terminals/:terminal/replace": acting(
    "replaceMachine",
    "A new machine takes over a till.",
    "The old one may deliver what it had not sent, or ends at once (`oldMachines`). Its changes are of a life of their own.",
    {
      body: { description: "The new machine.", schema: fromZod(replaceBody) },
      answers: { 200: { description: "What the new machine keeps.", schema: ref("EnrolledMachine") } },
      refusals: ["TERMINAL_TAKEN"],
      examples: [
        {
          summary: "The disk died",
          as: "admin",
          parameters: at(TILL),
          body: { publicKey: OTHER_KEY, name: "new machine", reason: "the disk died" },
          status: 200,
        },
        {
          summary: "A key that was used before",
          as: "admin",
          parameters: at(TILL),
          body: { publicKey: FIRST_KEY, name: "new machine", reason: "the disk died" },
          status: 409,
        },
        {
          summary: "A till that is not there",
          as: "admin",
          parameters: at(NOT_THERE),
          body: { publicKey: THIRD_KEY, name: "new machine", reason: "the disk died" },
          status: 404,
        },
      ],
    },
  ),
  "POST /api/admin/terminals/:terminal/rename": acting(
    "renameTerminal",
    "Calls a till otherwise, on receipts from its next start on.",
    "Whoever had a short id keeps it: no other till of the store is ever given it.",
    {
      body: { description: "The new short id.", schema: fromZod(renameBody) },
      answers: {
        200: {
          description: "Done.",
          schema: object({ terminal: text("Its UUID."), shortId: text("Now."), before: text("Until now.") }),
        },
      },
      refusals: ["TERMINAL_TAKEN"],
      examples: [
        {
          summary: "By the door now",
          as: "admin",
          parameters: at(TILL),
          body: { shortId: "T08", reason: "by the door now" },
          status: 200,
        },
        {
          summary: "The name of another till",
          as: "admin",
          parameters: at(TILL),
          body: { shortId: "T01", reason: "by the door now" },
          status: 409,
        },
      ],
    },
  ),
  "POST /api/admin/terminals/:terminal/access": acting(
    "changeAccess",
    "Ends a machine, lets it deliver only, or everything again.",
    "Servers notice within 30 seconds. Without `machine` it is the newest.",
    {
      body: { description: "Which, and what it may do.", schema: fromZod(accessBody) },
      answers: {
        200: {
          description: "Done.",
          schema: object({
            ...{ terminal: text("Its UUID."), shortId: text("What it is called.") },
            ...{ machine: serial, access, before: access },
          }),
        },
      },
      refusals: ["TERMINAL_TAKEN"],
      examples: [
        {
          summary: "The old machine was stolen",
          as: "admin",
          parameters: at(TILL),
          body: { access: "revoked", machine: 1, reason: "stolen" },
          status: 200,
        },
        {
          summary: "It cannot be active beside a newer one",
          as: "admin",
          parameters: at(TILL),
          body: { access: "active", machine: 1, reason: "found" },
          status: 409,
        },
      ],
    },
  ),
  "POST /api/admin/terminals/:terminal/move": acting(
    "moveTerminal",
    "Begins a till in another store in place of one here, once that one has delivered.",
    "A till and its changes belong to one store: the machine goes on as a new till with a database of its own. With `atOnce` it begins while the old one still delivers.",
    {
      body: { description: "The new till, and its store.", schema: fromZod(moveBody) },
      answers: { 200: { description: "What the machine keeps.", schema: ref("EnrolledMachine") } },
      refusals: ["NOT_DRAINED", "TERMINAL_TAKEN"],
      examples: [
        {
          summary: "A store that is not there",
          as: "admin",
          parameters: at(TILL),
          body: {
            ...{ id: MOVED, shortId: "T01", publicKey: THIRD_KEY, name: "till at the market" },
            ...{ store: "STORE009", reason: "lent to the market" },
          },
          status: 404,
        },
        {
          summary: "It has to deliver first",
          as: "admin",
          parameters: at(TILL),
          body: {
            ...{ id: MOVED, shortId: "T01", publicKey: THIRD_KEY, name: "till at the market" },
            ...{ store: "STORE002", reason: "lent to the market" },
          },
          status: 409,
        },
        {
          summary: "At once",
          as: "admin",
          parameters: at(TILL),
          body: {
            ...{ id: MOVED, shortId: "T01", publicKey: THIRD_KEY, name: "till at the market" },
            ...{ store: "STORE002", atOnce: true, reason: "lent to the market" },
          },
          status: 200,
        },
      ],
    },
  ),
  "POST /api/admin/terminals/:terminal/retire": acting(
    "retireTerminal",
    "Ends a till once it has delivered everything; until then says what is on it.",
    "The first time it is told to deliver only (`draining`). Ask again after it has called: `retired` when it holds nothing. `anyway` ends it at once and notes what it held.",
    {
      body: { description: "How.", schema: fromZod(retireBody) },
      answers: {
        200: {
          description: "How it stands.",
          schema: object({
            state: { type: "string", enum: ["draining", "retired"] },
            shortId: text("What it is called."),
            left: ref("LeftOnTerminal"),
            olderMachines: count("Machines that were replaced and may still deliver: end them first."),
          }),
        },
      },
      examples: [
        { summary: "Once it is empty", as: "admin", parameters: at(TILL), body: { reason: "closed" }, status: 200 },
        {
          summary: "As it is",
          as: "admin",
          parameters: at(TILL),
          body: { anyway: true, reason: "burnt" },
          status: 200,
        },
      ],
    },
  ),
  "GET /api/admin/acts": {
    operationId: "listActs",
    tag: "Terminals",
    summary: "What head office did with tills and keys, newest first.",
    description: "200 at a time. `attached` was done by a till's grant, when the centre had lost it.",
    parameters: parameters("query", actsQuery, { after: "`next` of the page before." }),
    answers: {
      200: {
        description: "Newest first.",
        schema: object({
          acts: listOf(ref("Act")),
          next: nullable({ type: "integer", description: "For `after`; null when there are no more." }),
        }),
      },
    },
    refusals: ["INVALID_INPUT"],
    examples: [
      { summary: "The latest", as: "admin", status: 200 },
      { summary: "No number", as: "admin", parameters: { after: "yesterday" }, status: 400 },
    ],
  },
};
