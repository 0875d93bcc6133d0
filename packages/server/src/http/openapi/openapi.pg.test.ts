import { writeFileSync } from "node:fs";
import { ERROR_CODES, type ErrorCode } from "@tillsync/protocol";
import { type Example, type JsonSchema, pathOf, type RouteDescription } from "@tillsync/protocol/openapi";
import { schemaCheck } from "@tillsync/protocol/openapi/testing";
import type { FastifyInstance } from "fastify";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enroll, type KeyRole } from "../../directory/enroll.ts";
import { exchange } from "../../ingest/exchange.ts";
import type { Scope } from "../../ingest/ports.ts";
import { postgresIngest } from "../../ingest/postgres.ts";
import type { ExchangeContext } from "../../ingest/prepare.ts";
import { exchangeTogether } from "../../ingest/together.ts";
import { sha256 } from "../../ledger/sha256.ts";
import { postgresSettlements } from "../../settlement/postgres.ts";
import { settleShift } from "../../settlement/settle.ts";
import { type MigratedDatabase, migratedDatabase } from "../../testing/migrated-database.ts";
import { SampleShifts } from "../../testing/sample-shift.ts";
import { testApp } from "../../testing/test-app.ts";
import { ACCESS } from "../access.ts";
import { ANSWERS_FILE, centralDocument, generalRefusals, ROUTES } from "./central-document.ts";
import { CLOSED_DAY, CLOSED_SHIFT, SECOND_TERMINAL } from "./example-shift.ts";
import { TERMINAL } from "./example-till.ts";
import { EXAMPLE_TASK } from "./task-descriptions.ts";

const NOW_MS = Date.UTC(2026, 0, 16, 10, 11, 12, 345);
const EPOCH = "2b6f0cc9-04d1-4f07-9d6c-0c2b1a2f3d4e";
const STORE = { org: "example", store: "STORE001", currency: "KES" } as const;
/** Devices whose rows are made beforehand. */
const DEVICES = ["head-office", "device-abc-123", "device-def-456", "pos-1", "key:any POS"];
/** PKCS #8 of the key of RFC 8037 appendix A.1: grants in the examples are the same each time. */
const CENTRE_KEY = Buffer.from(
  `302e020100300506032b657004220420${"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"}`,
  "hex",
);
const WRITE = process.env.TILLSYNC_WRITE_DOCS === "1";

let database: MigratedDatabase;
let app: FastifyInstance;
let lonely: FastifyInstance;
const nowhere = new pg.Pool({ connectionString: "postgresql://127.0.0.1:1/none", max: 1 });
const keys = new Map<string, string>();
const recorded: { routes: Record<string, Record<string, unknown>>; refusals: Partial<Record<ErrorCode, unknown>> } = {
  routes: {},
  refusals: {},
};

beforeAll(async () => {
  database = await migratedDatabase();
  const enrolAs = async (role: KeyRole, name: string, more: object = {}) => {
    const made = await enroll(database.pool, { ...STORE, role, name, ...more }, NOW_MS);
    keys.set(role, made.key);
    return made;
  };
  const { orgId, storeId } = await enrolAs("admin", "head office");
  const market = { ...STORE, store: "STORE002", role: "foreign", name: "the market" } as const;
  await enroll(database.pool, market, NOW_MS);
  await enrolAs("foreign", "any POS");
  await settleChance(orgId, storeId);
  const context = { store: await postgresIngest(database.pool), sha256, nowMs: () => NOW_MS };
  await enrolAs("terminal", "till T02", { terminal: { id: SECOND_TERMINAL, shortId: "T02" } });
  await enrolAs("terminal", "till T01", { terminal: { id: TERMINAL, shortId: "T01" } });
  await closeShift(context, { orgId, storeId });
  const world = testApp(database.pool, {
    ingest: { exchange: (store, requests) => exchangeTogether(context, store, requests) },
    submitting: context,
  });
  world.nowMs = NOW_MS;
  app = world.app;
  lonely = testApp(nowhere).app;
});
afterAll(() => database.drop());

/** What a database makes up for itself, made the same each time, as the examples show it. */
async function settleChance(orgId: number, storeId: number): Promise<void> {
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query("UPDATE tillsync.server_identity SET server_epoch = $1", [EPOCH]);
  await admin.query("UPDATE tillsync.feed_counter SET epoch = $1", [EPOCH]);
  const key = [CENTRE_KEY, new Date(NOW_MS)];
  await admin.query("INSERT INTO tillsync.centre_key (private_key, created_at) VALUES ($1, $2)", key);
  for (const [index, device] of DEVICES.entries()) {
    const id = `1f0c3a5e-0000-4000-8000-00000000000${index}`;
    const [shortId, kind] = index === 0 ? ["HQ", "head-office"] : [`F${index}`, "foreign"];
    await admin.query("INSERT INTO tillsync.terminal VALUES ($1, $2, $3, $4, $5, $6, $7)", [
      ...[orgId, storeId, id, shortId, kind, new Date(NOW_MS), device],
    ]);
  }
  const { kind, subject, evidence } = EXAMPLE_TASK;
  const task = [orgId, storeId, kind, subject, JSON.stringify(evidence), new Date(NOW_MS)];
  await admin.query(
    "INSERT INTO tillsync.task (org_id, store_id, kind, subject, evidence, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    task,
  );
  await admin.end();
}

/** A shift of another till, closed and judged before the examples begin. */
async function closeShift(context: ExchangeContext, scope: Scope): Promise<void> {
  const shifts = new SampleShifts(SECOND_TERMINAL);
  shifts.open(CLOSED_SHIFT, CLOSED_DAY);
  shifts.addSales(2);
  const seq = shifts.close({ operator: "Amina" }, CLOSED_DAY);
  await exchange(context, scope, shifts.request());
  const settlements = postgresSettlements(database.pool);
  await settleShift({ ingest: context, settlements }, scope, { ...shifts, seq });
}

/** A cursor ends with the feed's chain value there, which is random: the examples show one. */
function withoutChance(body: unknown): unknown {
  const text = JSON.stringify(body, (key, value) =>
    key === "cursor" && typeof value === "string" ? value.replace(/\.[0-9a-f]{32}$/, `.${"5a".repeat(16)}`) : value,
  );
  return JSON.parse(text) as unknown;
}

interface Sent {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

async function inject(to: FastifyInstance, request: object): Promise<Sent> {
  const answer = await to.inject(request);
  const type = String(answer.headers["content-type"]);
  const isJson = type.startsWith("application/json");
  return { status: answer.statusCode, type, body: isJson ? answer.json() : undefined };
}

function headersOf(role: string | undefined, more: object = {}): Record<string, string> {
  const authorization = role === undefined ? {} : { authorization: `Bearer ${keys.get(role)}` };
  return { ...authorization, "x-correlation-id": "example-1", ...more };
}

/** Sends an example as its description says, with nothing left out and nothing added. */
function send(route: string, { parameters = [] }: RouteDescription, example: Example): Promise<Sent> {
  const [method = "", url = ""] = route.split(" ");
  const given = { ...example.parameters };
  const of = (place: string) =>
    parameters.filter((one) => one.in === place && given[one.name] !== undefined).map(({ name }) => name);
  const pick = (place: string) => Object.fromEntries(of(place).map((name) => [name, String(given[name])]));
  const path = url.replace(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(String(given[name])));
  const body = example.body === undefined ? {} : { payload: JSON.stringify(example.body) };
  const headers = headersOf(example.as, {
    ...pick("header"),
    ...(example.body === undefined ? {} : { "content-type": "application/json" }),
  });
  const to = example.without === "database" ? lonely : app;
  return inject(to, { method, url: path, query: pick("query"), headers, ...body });
}

function answerSchema(route: string, status: number): JsonSchema {
  const [method = "", url = ""] = route.split(" ");
  const operation = centralDocument().paths[pathOf(url)]?.[method.toLowerCase()];
  const schema = Object.values(operation?.responses[status]?.content ?? {})[0]?.schema;
  if (schema === undefined) throw new Error(`${route} does not document ${status}`);
  return schema;
}

const check = schemaCheck(centralDocument(), "closed");
const all = Object.entries(ROUTES).flatMap(([route, description]) =>
  description.examples.map((example) => ({ route, description, example, name: `${route}: ${example.summary}` })),
);

describe("every example, sent in order to a real server", () => {
  it.each(all)("$name", async ({ route, description, example }) => {
    const { status, body, type } = await send(route, description, example);
    expect(status, JSON.stringify(body)).toBe(example.status);
    if (body === undefined) expect(type).toBe(Object.values(description.answers)[0]?.contentType?.replace("*/*", type));
    if (body === undefined || description.answers[status]?.example !== undefined) return;
    expect(check(answerSchema(route, status), body)).toBeUndefined();
    recorded.routes[route] = { ...recorded.routes[route], [example.summary]: withoutChance(body) };
  });
});

describe("what any route may refuse", () => {
  const overview = { method: "GET", url: "/api/admin/overview" };
  const batch = { method: "POST", url: "/api/sync/batch" };
  const json = { "content-type": "application/json" };
  const provoked: Partial<Record<ErrorCode, () => Promise<Sent>>> = {
    INVALID_INPUT: () => inject(app, { ...overview, query: { page: "2" }, headers: headersOf("admin") }),
    INVALID_JSON: () => inject(app, { ...batch, headers: headersOf("foreign", json), payload: '{"deviceId": "pos-1"' }),
    UNAUTHENTICATED: () => inject(app, { ...overview, headers: headersOf(undefined) }),
    FORBIDDEN: () => inject(app, { ...overview, headers: headersOf("foreign") }),
    NOT_FOUND: () => inject(app, { method: "GET", url: "/nowhere", headers: headersOf("admin") }),
    TOO_LARGE: () =>
      inject(app, { ...batch, headers: headersOf("foreign", json), payload: Buffer.alloc(8 * 1024 * 1024 + 1, " ") }),
    UNSUPPORTED_ENCODING: () =>
      inject(app, { ...batch, headers: headersOf("foreign", { "content-type": "text/xml" }), payload: "<batch/>" }),
    TOO_MANY_REQUESTS: async () => {
      const slow = testApp(database.pool, { rates: { perDevice: 1 } }).app;
      const ask = () => inject(slow, { ...overview, headers: headersOf("admin") });
      for (let asked = 0; asked < 2; asked++) await ask();
      return ask();
    },
    INTERNAL: () => {
      const ingest = { exchange: () => [Promise.reject(new Error("a mistake of ours"))] };
      const broken = testApp(database.pool, { ingest }).app;
      const example = ROUTES["POST /api/sync/exchange"]?.examples[0];
      const payload = JSON.stringify(example?.body);
      return inject(broken, {
        method: "POST",
        url: "/api/sync/exchange",
        headers: headersOf("terminal", json),
        payload,
      });
    },
    UNAVAILABLE: () => inject(lonely, { ...overview, headers: headersOf("admin") }),
  };

  it.each(Object.entries(provoked))("%s", async (code, provoke) => {
    const { status, body } = await provoke();
    expect(body).toMatchObject({ error: { code } });
    expect(status).toBe(ERROR_CODES[code as ErrorCode].status);
    recorded.refusals[code as ErrorCode] = body;
  });

  const closedRoutes = Object.entries(ROUTES).filter(([route]) => ACCESS[route] !== "anyone");

  it.each(closedRoutes)(
    "%s refuses strangers, wrong roles and broken bodies as it says",
    async (route, description) => {
      const [method = "", url = ""] = route.split(" ");
      const access = ACCESS[route] as readonly string[];
      const other = ["terminal", "foreign", "admin"].find((role) => !access.includes(role));
      const place = { method, url: url.replace(/:\w+/g, "x") };
      const own = headersOf(access[0]);
      const tries: [ErrorCode, object][] = [
        ["UNAUTHENTICATED", { ...place, headers: headersOf(undefined) }],
        ["FORBIDDEN", { ...place, headers: headersOf(other) }],
      ];
      if (description.body !== undefined)
        tries.push(
          ["INVALID_JSON", { ...place, headers: { ...own, ...json }, payload: '{"a":1,"a":2}' }],
          ["UNSUPPORTED_ENCODING", { ...place, headers: { ...own, "content-type": "text/xml" }, payload: "<a/>" }],
          ["TOO_LARGE", { ...place, headers: { ...own, ...json }, payload: Buffer.alloc(8 * 1024 * 1024 + 1, " ") }],
        );
      for (const [code, request] of tries) {
        const { status, body } = await inject(app, request);
        expect(body, code).toMatchObject({ error: { code } });
        expect(check(answerSchema(route, status), body), code).toBeUndefined();
        expect([...generalRefusals(route, description), "INVALID_INPUT"]).toContain(code);
      }
    },
  );
});

it("shows in the description what was answered (TILLSYNC_WRITE_DOCS=1 writes it anew)", async () => {
  if (WRITE) writeFileSync(ANSWERS_FILE, `${JSON.stringify(recorded, null, 1)}\n`);
  const { default: shown } = (await import(ANSWERS_FILE.href, { with: { type: "json" } })) as { default: unknown };
  expect(recorded).toEqual(shown);
});
