import { type Answer, type JsonSchema, object, type RouteDescription, ref } from "@tillsync/protocol/openapi";

const count: JsonSchema = { type: "integer", minimum: 0 };
const up: JsonSchema = { type: "string", enum: ["up", "down"] };

export const OPEN_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Health: object(
    {
      status: { type: "string", enum: ["ok", "down"] },
      "parts?": object(
        {
          database: up,
          centralApi: { type: "string", enum: ["up"], description: "This process." },
          kafka: { type: "string", enum: ["disabled"], description: "There is no relay to Kafka in this version." },
          sync: { type: "string", enum: ["running"] },
        },
        "What this server is made of and needs (requirement 001), and whether it answers.",
      ),
      "counts?": object(
        { pending: count, waiting: count, parked: count, conflict: count },
        "Changes of all stores that are stored and not applied, at most 10 s old; absent when the database did not say.",
      ),
    },
    "How this server is.",
  ),
};

const health: JsonSchema = ref("Health");
const down: JsonSchema = { allOf: [ref("Health"), ref("Refusal")] };

function ready(operationId: string, summary: string): RouteDescription {
  return {
    operationId,
    tag: "Health",
    summary,
    answers: {
      200: { description: "This server and its database answer.", schema: health },
      503: { description: "The database does not answer (`UNAVAILABLE`).", schema: down },
    },
    examples: [
      { summary: "Everything answers", status: 200 },
      { summary: "The database is away", status: 503, without: "database" },
    ],
  };
}

function page(operationId: string, summary: string): RouteDescription {
  return {
    operationId,
    tag: "Pages",
    summary,
    answers: { 200: html() },
    examples: [{ summary: "The page", status: 200 }],
  };
}

function html(): Answer {
  return { description: "A page.", contentType: "text/html; charset=utf-8", schema: { type: "string" } };
}

export const OPEN_ROUTES: Readonly<Record<string, RouteDescription>> = {
  "GET /health": ready("getHealth", "Whether this server can serve tills, for people and monitors."),
  "GET /health/live": {
    operationId: "getHealthLive",
    tag: "Health",
    summary: "Whether this process answers at all; it says nothing about the database.",
    answers: { 200: { description: "It does.", schema: health } },
    examples: [{ summary: "It answers", status: 200 }],
  },
  "GET /health/ready": ready("getHealthReady", "Whether this server can serve tills, for balancers: no counts."),
  "GET /metrics": {
    operationId: "getMetrics",
    tag: "Health",
    summary: "Figures for monitors, in the text format of Prometheus; docs/operating.md explains them.",
    description: "Where the status page is open to this machine (the demo), so is this.",
    answers: {
      200: {
        description: "Now.",
        contentType: "text/plain; version=0.0.4; charset=utf-8",
        schema: { type: "string" },
      },
    },
    examples: [{ summary: "The figures", as: "admin", status: 200 }],
  },
  "GET /": page("getStatusPage", "The status page of head office. It asks for a key and holds no data itself."),
  "GET /light": page("getLight", "A small light that shows how the store is, for embedding."),
  "GET /pages/:file": {
    operationId: "getPageFile",
    tag: "Pages",
    summary: "A file that the pages are made of.",
    parameters: [{ in: "path", name: "file", description: "Its name.", schema: { type: "string" } }],
    answers: {
      200: { description: "The file.", contentType: "*/*", schema: { type: "string" } },
    },
    refusals: ["NOT_FOUND", "INVALID_INPUT"],
    examples: [
      { summary: "A style sheet", parameters: { file: "style.css" }, status: 200 },
      { summary: "No such file", parameters: { file: "nothing.css" }, status: 404 },
      { summary: "Too long a name", parameters: { file: "x".repeat(101) }, status: 400 },
    ],
  },
  "GET /docs": page("getDocs", "This description as a page."),
  "GET /docs/openapi.json": {
    operationId: "getOpenApi",
    tag: "Pages",
    summary: "This description for programs: OpenAPI 3.1.",
    answers: {
      200: {
        description: "An OpenAPI document.",
        schema: object({ openapi: { type: "string" }, info: { type: "object" }, paths: { type: "object" } }),
        example: { openapi: "3.1.0", info: { title: "Tillsync, central server", version: "0.1.0" }, paths: {} },
      },
    },
    examples: [{ summary: "This description", status: 200 }],
  },
};
