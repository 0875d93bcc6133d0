import { readFileSync, writeFileSync } from "node:fs";
import { ERROR_CODES, type ErrorCode, SyncError } from "@tillsync/protocol";
import { type Example, htmlPage, pathOf, type RouteDescription } from "@tillsync/protocol/openapi";
import { bodyFaults, documentFaults, schemaCheck } from "@tillsync/protocol/openapi/testing";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { terminalApp } from "../app.ts";
import { DOOR } from "../door-limits.ts";
import { MAX_STREAMS } from "../routes/events.ts";
import { FakeHeadOffice } from "../testing/fake-head-office.ts";
import { FakeTerminal } from "../testing/fake-terminal.ts";
import { terminalRoutes } from "../testing/fuzz-terminal.ts";
import { exampleKeeping } from "./testing/example-keeping.ts";
import { exampleTill } from "./testing/example-till.ts";
import { ANSWERS_FILE, ROUTES, tillDocument } from "./till-document.ts";

const STREAMS = ["GET /api/events", "GET /light/events"];
const JSON_TYPE = { "content-type": "application/json" };
const till = exampleTill();
const app = terminalApp({ terminal: till.terminal, ...exampleKeeping(), headOffice: new FakeHeadOffice() });
const stopped = new FakeTerminal();
const recorded: { routes: Record<string, Record<string, unknown>>; refusals: Partial<Record<ErrorCode, unknown>> } = {
  routes: {},
  refusals: {},
};

beforeAll(async () => {
  stopped.setStatus({ stopped: { code: "JOURNAL_BROKEN", message: "The journal is damaged." } });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await till.close();
});

async function inject(to: FastifyInstance, request: object) {
  const answer = await to.inject(request);
  const type = String(answer.headers["content-type"]);
  return { status: answer.statusCode, type, body: type.startsWith("application/json") ? answer.json() : undefined };
}

function send(route: string, { parameters = [] }: RouteDescription, example: Example) {
  const [method = "", url = ""] = route.split(" ");
  const given = { ...example.parameters };
  const query = parameters.filter((one) => one.in === "query" && given[one.name] !== undefined);
  return inject(example.without === undefined ? app : terminalApp({ terminal: stopped }), {
    method,
    url: url.replace(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(String(given[name]))),
    query: Object.fromEntries(query.map(({ name }) => [name, String(given[name])])),
    headers: { host: "localhost", "x-correlation-id": "example-1", ...(example.body === undefined ? {} : JSON_TYPE) },
    ...(example.body === undefined ? {} : { payload: JSON.stringify(example.body) }),
  });
}

describe("every example, sent in order to a real till", () => {
  const all = Object.entries(ROUTES).flatMap(([route, description]) =>
    description.examples.map((example) => ({ route, description, example, name: `${route}: ${example.summary}` })),
  );
  it.each(all)("$name", async ({ route, description, example }) => {
    const { status, body, type } = await send(route, description, example);
    expect(status, JSON.stringify(body)).toBe(example.status);
    if (body === undefined) expect(type).toBe(Object.values(description.answers)[0]?.contentType);
    if (body === undefined || description.answers[status]?.example !== undefined) return;
    const [method = "", url = ""] = route.split(" ");
    const content = tillDocument().paths[pathOf(url)]?.[method.toLowerCase()]?.responses[status]?.content;
    const schema = content?.["application/json"]?.schema ?? { not: {} };
    expect(schemaCheck(tillDocument(), "closed")(schema, body)).toBeUndefined();
    recorded.routes[route] = { ...recorded.routes[route], [example.summary]: body };
  });
});

describe("what any route may refuse", () => {
  const orders = { method: "POST", url: "/api/orders" };
  const headers = { host: "localhost", "x-correlation-id": "example-1", ...JSON_TYPE };
  /** What the engine throws when the till's disk or process fails, handed to the door as it would come. */
  const failing = (failure: Error) => {
    const terminal = new FakeTerminal();
    terminal.failure = failure;
    const payload = JSON.stringify(ROUTES["POST /api/orders"]?.examples[0]?.body);
    return inject(terminalApp({ terminal }), { ...orders, headers, payload });
  };
  const provoked: Partial<Record<ErrorCode, () => ReturnType<typeof inject>>> = {
    INVALID_JSON: () => inject(app, { ...orders, headers, payload: '{"localId":"a","localId":"b"}' }),
    TOO_LARGE: () => inject(app, { ...orders, headers, payload: Buffer.alloc(DOOR.maxBodyBytes + 1, " ") }),
    UNSUPPORTED_ENCODING: () =>
      inject(app, { ...orders, headers: { ...headers, "content-encoding": "gzip" }, payload: "{}" }),
    FORBIDDEN: () => inject(app, { url: "/api/status", headers: { ...headers, host: "evil.example" } }),
    UNAUTHENTICATED: () => inject(terminalApp({ terminal: stopped, key: "secret" }), { url: "/api/status", headers }),
    INTERNAL: () => failing(new Error("a mistake of ours")),
    STORE_FULL: () =>
      failing(
        new SyncError("STORE_FULL", "The till's disk is full; nothing was recorded. Free space, then try again."),
      ),
    NOT_SOLD: () =>
      failing(new SyncError("NOT_SOLD", "The till's database refused the sale and nothing was recorded; try again.")),
    COMMIT_UNKNOWN: () =>
      failing(
        new SyncError("COMMIT_UNKNOWN", "The database could not confirm the commit; it must be reopened to know."),
      ),
    TERMINAL_STOPPED: () =>
      failing(
        new SyncError(
          "TERMINAL_STOPPED",
          "The till's database cannot be read back after an error; restart the till before selling on.",
        ),
      ),
    BACKUP_UNREADABLE: () => {
      const refusal = new SyncError("BACKUP_UNREADABLE", "The copy is not what the till had: take another backup.");
      const backups = { destination: "centre", list: () => [], take: () => Promise.reject(refusal) };
      const request = { method: "POST", url: "/api/backups", headers, payload: "{}" };
      return inject(terminalApp({ terminal: new FakeTerminal(), backups }), request);
    },
    TOO_MANY_REQUESTS: async () => {
      const streaming = terminalApp({ terminal: new FakeTerminal() });
      const url = await streaming.listen({ host: "127.0.0.1", port: 0 });
      const streams = await Promise.all(Array.from({ length: MAX_STREAMS }, () => fetch(`${url}/api/events`)));
      const answer = await fetch(`${url}/api/events`, { headers: { "x-correlation-id": "example-1" } });
      const body: unknown = await answer.json();
      await Promise.all(streams.map((stream) => stream.body?.cancel()));
      await streaming.close();
      return { status: answer.status, type: "application/json", body };
    },
  };
  it.each(Object.entries(provoked))("%s", async (code, provoke) => {
    const { status, body } = await provoke();
    expect(body).toMatchObject({ error: { code } });
    expect(status).toBe(ERROR_CODES[code as ErrorCode].status);
    recorded.refusals[code as ErrorCode] = body;
  });
});

describe("the description of a till's API", () => {
  it("shows what was answered (TILLSYNC_WRITE_DOCS=1 writes it anew)", () => {
    if (process.env.TILLSYNC_WRITE_DOCS === "1") writeFileSync(ANSWERS_FILE, `${JSON.stringify(recorded, null, 1)}\n`);
    expect(recorded).toEqual(JSON.parse(readFileSync(ANSWERS_FILE, "utf8")));
  });

  it("is OpenAPI 3.1, has every route and no other, and an example of every body and answer that fits its schema", async () => {
    expect(await documentFaults(tillDocument(), [...terminalRoutes(app), ...STREAMS])).toEqual([]);
    expect(bodyFaults(tillDocument(), ROUTES)).toEqual([]);
  });

  it("is a page with every call and no script", () => {
    const { html } = htmlPage(tillDocument(), "/docs/openapi.json");
    for (const { operationId } of Object.values(ROUTES)) expect(html).toContain(`id="${operationId}"`);
    expect(html).not.toMatch(/<script|https?:\/\//);
  });
});
