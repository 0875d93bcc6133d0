import { exchangeRequest, exchangeResponse, LIMITS, PROTOCOL_VERSION } from "@tillsync/protocol";
import { fromZod, type JsonSchema, type RouteDescription, ref } from "@tillsync/protocol/openapi";
import { BROKEN, FIRST_BATCH, FORK, GAP, NOTHING_NEW } from "./example-till.ts";

export const EXCHANGE_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ExchangeRequest: fromZod(exchangeRequest, "What a till of Tillsync has to say. Every field: docs/protocol.md."),
  ExchangeResponse: fromZod(
    exchangeResponse,
    "Sent only when the changes it acknowledges are durable. Every field: docs/protocol.md.",
  ),
};

export const EXCHANGE_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "POST /api/sync/exchange": {
    operationId: "exchange",
    tag: "Tills",
    summary: "Everything a till of Tillsync has to say, and everything it is told.",
    description: `For tills with a journal of Tillsync's, and for whoever writes one; docs/protocol.md explains how changes are chained. Other software uses \`POST /api/sync/batch\`. Protocol version ${PROTOCOL_VERSION}.\n\nThe same request may be sent any number of times. At most ${LIMITS.maxBatchChanges} changes, each of at most ${LIMITS.maxChangeBytes} bytes. Unknown fields are refused.`,
    body: { description: "A run of changes in the order of the journal.", schema: ref("ExchangeRequest") },
    answers: { 200: { description: "What is stored, and news.", schema: ref("ExchangeResponse") } },
    refusals: ["INVALID_INPUT", "GAP", "CHAIN_BROKEN", "FORK", "FEED_RESET", "PROTOCOL_VERSION", "UPGRADE_REQUIRED"],
    examples: [
      { summary: "A shift, a sale and cash taken out", as: "terminal", body: FIRST_BATCH, status: 200 },
      { summary: "Nothing new", as: "terminal", body: NOTHING_NEW, status: 200 },
      { summary: "The centre lacks what came before", as: "terminal", body: GAP, status: 409 },
      { summary: "The bytes are not those of the hash", as: "terminal", body: BROKEN, status: 409 },
      { summary: "Another change in this place", as: "terminal", body: FORK, status: 409 },
      {
        summary: "A cursor of another history",
        as: "terminal",
        body: { ...NOTHING_NEW, cursor: "7c9e6679-7425-40de-944b-e07fc1f90ae7.1.4.0123456789abcdef0123456789abcdef" },
        status: 410,
      },
      {
        summary: "Another version of the protocol",
        as: "terminal",
        body: { ...NOTHING_NEW, protocolVersion: PROTOCOL_VERSION + 1 },
        status: 426,
      },
      {
        summary: "A field of the wrong form",
        as: "terminal",
        body: { ...NOTHING_NEW, fromSeq: 0 },
        invalid: true,
        status: 400,
      },
    ],
  },
};
