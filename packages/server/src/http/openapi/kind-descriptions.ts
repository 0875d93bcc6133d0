import { MODULE_ORDER } from "@tillsync/protocol";
import { fromZod, type JsonSchema, listOf, object, type RouteDescription, ref, text } from "@tillsync/protocol/openapi";
import { kindChoice, kindParameters } from "../kind-routes.ts";
import { TERMINAL } from "./example-till.ts";
import { parameters } from "./reading-descriptions.ts";

export const KIND_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  TerminalOfKind: object(
    {
      terminal: text("Its UUID.", { format: "uuid" }),
      shortId: text("Its name for people and on receipts."),
      kind: text("`retail`, `restaurant`, `kitchen-display`, `customer-display`, or one of the operator's own."),
      modules: listOf({ type: "string", enum: [...MODULE_ORDER] }),
      feed: {
        type: "string",
        enum: ["store", "open", "own"],
        description: "What it is told of other terminals at most, whatever it asks for.",
      },
    },
    "A terminal, and what its kind gives it: modules of reference data, and a scope of the feed.",
  ),
};

const NOBODY = "0190a5da-c967-774b-8cce-b302099a8099";

export const KIND_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /api/admin/kinds": {
    operationId: "listKinds",
    tag: "Head office",
    summary: "The terminals of the store with their kinds.",
    description: "What a kind gives is configuration: `Gateway.Modules` and `Gateway.Feeds`.",
    answers: { 200: { description: "By short id.", schema: object({ terminals: listOf(ref("TerminalOfKind")) }) } },
    refusals: ["INVALID_INPUT"],
    examples: [{ summary: "All of them", as: "admin", status: 200 }],
  },
  "PUT /api/admin/terminals/:terminal/kind": {
    operationId: "setKind",
    tag: "Head office",
    summary: "Makes a terminal one of another kind.",
    description:
      "It is offered other modules at its next look at the gateway. When it may be told more than before, its next exchange begins the feed anew, and nothing that was passed over is missed.",
    parameters: parameters("path", kindParameters, { terminal: "Its UUID." }),
    body: { description: "The kind.", schema: fromZod(kindChoice) },
    answers: { 200: { description: "The terminal as it is now.", schema: ref("TerminalOfKind") } },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      {
        summary: "A till for a restaurant",
        as: "admin",
        parameters: { terminal: TERMINAL },
        body: { kind: "restaurant" },
        status: 200,
      },
      {
        summary: "One that is not there",
        as: "admin",
        parameters: { terminal: NOBODY },
        body: { kind: "restaurant" },
        status: 404,
      },
      {
        summary: "Not a kind",
        as: "admin",
        parameters: { terminal: NOBODY },
        body: { kind: "Kitchen 2" },
        status: 400,
        invalid: true,
      },
    ],
  },
};
