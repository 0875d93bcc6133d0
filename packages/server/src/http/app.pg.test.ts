import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { CHAIN_START, LIMITS, PROTOCOL_VERSION } from "@tillsync/protocol";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Enrolled, enroll } from "../directory/enroll.ts";
import { type MigratedDatabase, migratedDatabase } from "../testing/migrated-database.ts";
import { ANSWER, type TestApp, testApp } from "../testing/test-app.ts";
import { ACCESS } from "./access.ts";

const PLACE = { org: "demo", store: "main", currency: "KES" };
let database: MigratedDatabase;
let till: Enrolled;
let other: Enrolled;
let admin: Enrolled;
let foreign: Enrolled;
let world: TestApp;

beforeAll(async () => {
  database = await migratedDatabase();
  till = await enroll(database.pool, { ...PLACE, role: "terminal", name: "T01", terminal: { shortId: "T01" } }, 0);
  other = await enroll(database.pool, { ...PLACE, role: "terminal", name: "T02", terminal: { shortId: "T02" } }, 0);
  foreign = await enroll(database.pool, { ...PLACE, role: "foreign", name: "F01", terminal: { shortId: "F01" } }, 0);
  admin = await enroll(database.pool, { ...PLACE, role: "admin", name: "head office" }, 0);
});
afterAll(() => database.drop());
beforeEach(() => {
  world = testApp(database.pool);
});

const bearer = ({ key }: Enrolled) => ({ authorization: `Bearer ${key}` });
const body = (changes: object = {}) => ({
  protocolVersion: PROTOCOL_VERSION,
  terminal: till.terminal,
  incarnation: "0123456789abcdef",
  fromSeq: 1,
  prevHash: CHAIN_START,
  changes: [],
  headSeq: 0,
  cursor: null,
  ...changes,
});
const change = (text: string) => ({ body: text, hash: "a".repeat(64) });
const post = (payload: object | string | Buffer, headers: Record<string, string> = {}) =>
  world.app.inject({
    method: "POST",
    url: "/api/sync/exchange",
    headers: { "content-type": "application/json", ...bearer(till), ...headers },
    payload,
  });
const get = (url: string, who: Enrolled, headers: Record<string, string> = {}) =>
  world.app.inject({ url, headers: { ...bearer(who), ...headers } });

describe("the operator's floor for releases of terminals (426 upgrade)", () => {
  const old = { "x-release": "0.1.9" };

  it("refuses an older terminal, and one that names none, with what to do; nothing of it reaches ingest", async () => {
    world = testApp(database.pool, { minTerminalRelease: "0.2.0" });
    for (const headers of [old, {}, { "x-release": "nonsense" }]) {
      const answer = await post(body({ changes: [change("{}")] }), headers);
      expect(answer.statusCode).toBe(426);
      expect(answer.json()).toMatchObject({ error: { code: "UPGRADE_REQUIRED", expected: "0.2.0", retryable: true } });
      expect(answer.json().error.message).toMatch(/Update it: it sells on and keeps everything/);
    }
    expect(world.exchanged).toEqual([]);
  });

  it("lets through what was updated, whatever waits in it; without a floor everybody", async () => {
    world = testApp(database.pool, { minTerminalRelease: "0.2.0" });
    expect((await post(body(), { "x-release": "0.2.0" })).statusCode).toBe(200);
    world = testApp(database.pool);
    expect((await post(body(), old)).statusCode).toBe(200);
  });
});

describe("POST /api/sync/exchange", () => {
  it("hands a checked request to ingest with its store, whatever it was packed in", async () => {
    const text = JSON.stringify(body({ changes: [change("{}")] }));
    expect((await post(text)).json()).toEqual(ANSWER);
    expect((await post(gzipSync(text), { "content-encoding": "gzip" })).statusCode).toBe(200);
    expect((await post(zstdCompressSync(text), { "content-encoding": "zstd" })).statusCode).toBe(200);
    const { orgId, storeId } = till;
    const exchanged = { store: { orgId, storeId }, request: JSON.parse(text) };
    expect(world.exchanged).toEqual([exchanged, exchanged, exchanged]);
  });

  it("refuses a key that belongs to another terminal", async () => {
    const answer = await post(body(), bearer(other));
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, "FORBIDDEN"]);
    expect(world.exchanged).toEqual([]);
  });

  it.each([
    [0, "update the terminal"],
    [PROTOCOL_VERSION + 1, "update the central server"],
  ])("says who has to be updated when the terminal speaks version %i", async (protocolVersion, what) => {
    const answer = await post({ ...body(), protocolVersion, fieldOfAnotherVersion: true });
    expect(answer.statusCode).toBe(426);
    expect(answer.json().error).toMatchObject({
      code: "PROTOCOL_VERSION",
      message: expect.stringContaining(what),
      version: PROTOCOL_VERSION,
    });
  });

  it.each<[string, () => object | string, string, string | undefined]>([
    ["an unknown field", () => body({ store: 2 }), "INVALID_INPUT", "(root)"],
    [
      "an unknown field in a change",
      () => body({ changes: [{ ...change("{}"), seq: 1 }] }),
      "INVALID_INPUT",
      "changes.0",
    ],
    ["constructor", () => body({ constructor: {} }), "INVALID_INPUT", "(root)"],
    ["a string for a number", () => body({ fromSeq: "1" }), "INVALID_INPUT", "fromSeq"],
    ["nothing", () => "", "INVALID_JSON", undefined],
    ["null", () => "null", "INVALID_INPUT", "(root)"],
    ["a list", () => "[]", "INVALID_INPUT", "(root)"],
    [
      "a lone surrogate in a body",
      () => body({ changes: [change("{}"), change("\ud800")] }),
      "INVALID_INPUT",
      "changes.1.body",
    ],
    [
      "a lone surrogate in a private part",
      () => body({ changes: [{ ...change("{}"), private: "x\udc00" }] }),
      "INVALID_INPUT",
      "changes.0.private",
    ],
    [
      "a lone surrogate in a repair",
      () => body({ repair: [{ incarnation: "0123456789abcdef", seq: 1, body: "\udfff" }] }),
      "INVALID_INPUT",
      "repair.0.body",
    ],
    ["__proto__", () => `{"__proto__":{"polluted":true},${JSON.stringify(body()).slice(1)}`, "INVALID_JSON", undefined],
    ["a field twice", () => `{"fromSeq":2,${JSON.stringify(body()).slice(1)}`, "INVALID_JSON", undefined],
    ["a fraction", () => JSON.stringify(body()).replace('"fromSeq":1', '"fromSeq":1.0'), "INVALID_JSON", undefined],
    ["no JSON", () => "{", "INVALID_JSON", undefined],
  ])("refuses %s", async (_what, payload, code, field) => {
    const answer = await post(payload());
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({ code, retryable: false, ...(field === undefined ? {} : { field }) });
    expect(world.exchanged).toEqual([]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("refuses what is too large, packed or unpacked", async () => {
    const wire = await post("x".repeat(LIMITS.maxWireBytes + 1));
    expect([wire.statusCode, wire.json().error.code]).toEqual([413, "TOO_LARGE"]);
    for (const [encoding, pack] of [["gzip", gzipSync] as const, ["zstd", zstdCompressSync] as const]) {
      const bomb = await post(pack(Buffer.alloc(LIMITS.maxRequestBytes + 1, " ")), { "content-encoding": encoding });
      expect([bomb.statusCode, bomb.json().error.code]).toEqual([413, "TOO_LARGE"]);
    }
  });

  it("refuses encodings and types it does not know", async () => {
    for (const headers of [{ "content-encoding": "br" }, { "content-type": "text/plain" }]) {
      const answer = await post(JSON.stringify(body()), headers);
      expect([answer.statusCode, answer.json().error.code]).toEqual([415, "UNSUPPORTED_ENCODING"]);
    }
  });

  it("tells nothing of a mistake of its own, and has it in the log under the id it answered with", async () => {
    const secret = "0722000000";
    world = testApp(database.pool, { ingest: { exchange: () => [Promise.reject(new Error(`a row with ${secret}`))] } });
    const answer = await post(body(), { "x-correlation-id": "till-17" });
    expect(answer.statusCode).toBe(500);
    expect(answer.json().error).toMatchObject({ code: "INTERNAL", retryable: true, correlationId: "till-17" });
    expect(answer.body).not.toContain(secret);
    expect(answer.headers["x-correlation-id"]).toBe("till-17");
    const line = world.lines.find((text) => text.includes('"INTERNAL"'));
    expect(line).toContain("till-17");
  });

  it("asks to come back when the database is in trouble", async () => {
    const trouble = Object.assign(new Error("terminating connection"), { code: "57P01" });
    world = testApp(database.pool, { ingest: { exchange: () => [Promise.reject(trouble)] } });
    const answer = await post(body());
    expect([answer.statusCode, answer.headers["retry-after"], answer.json().error.code]).toEqual([
      503,
      "1",
      "UNAVAILABLE",
    ]);
  });

  it("writes no key into its log", async () => {
    await post(body());
    await post(body(), { authorization: `Bearer ${admin.key}` });
    expect(world.lines.length).toBeGreaterThan(0);
    for (const { key } of [till, admin]) expect(world.lines.join("")).not.toContain(key.slice(4));
  });
});

describe("access", () => {
  it("opens each route to its roles and to no other", async () => {
    const keys = { terminal: till, foreign, admin } as const;
    for (const [route, access] of Object.entries(ACCESS)) {
      const [method = "", url = ""] = route.split(" ");
      for (const role of ["terminal", "foreign", "admin"] as const) {
        const request = { method: method as "GET", url: url.replace(/:\w+/g, "nothing"), headers: bearer(keys[role]) };
        const answer = await world.app.inject(request satisfies InjectOptions);
        const allowed = access === "anyone" || access?.includes(role) === true;
        expect(answer.statusCode === 403, `${route} as ${role}`).toBe(!allowed);
        expect(answer.statusCode).not.toBe(401);
      }
    }
  });

  it("shows a terminal its own ledger, and of others not even that they exist", async () => {
    for (const terminal of [other.terminal, "0198c0de-0000-4000-8000-000000000bad"]) {
      const answer = await get(`/api/admin/terminals/${terminal}/ledger`, till);
      expect([answer.statusCode, answer.json().error.code]).toEqual([404, "NOT_FOUND"]);
      const { message } = (await get(`/api/admin/terminals/${terminal}/ledger`, admin)).json().error;
      expect(answer.json().error.message).toBe(message);
    }
  });
});

describe("/metrics", () => {
  it("shows an admin what the doors counted, without a name of anybody", async () => {
    await post(body());
    await get("/api/admin/overview", till);
    const { statusCode, headers, body: text } = await get("/metrics", admin);
    expect([statusCode, headers["cache-control"]]).toEqual([200, "no-store"]);
    expect(headers["content-type"]).toContain("text/plain");
    expect(text).toMatch(/tillsync_exchanges_total\{outcome="ok"\} [1-9]/);
    expect(text).toMatch(/tillsync_refusals_total\{code="FORBIDDEN"\} [1-9]/);
    expect(text).toMatch(/tillsync_unsettled_changes\{effect="parked"\} \d/);
    for (const name of [till.terminal, admin.key, till.key]) expect(text).not.toContain(name);
  });
});

describe("/health", () => {
  it("has 001's parts and what waits; balancers get no counts", async () => {
    const parts = { database: "up", centralApi: "up", kafka: "disabled", sync: "running" };
    const counts = { pending: 0, waiting: 0, parked: 0, conflict: 0 };
    expect((await get("/health", admin)).json()).toEqual({ status: "ok", parts, counts });
    expect((await get("/health/ready", admin)).json()).toEqual({ status: "ok", parts });
  });
});

describe("openPages", () => {
  const ask = (headers: Record<string, string>, remoteAddress = "127.0.0.1") =>
    world.app.inject({ url: "/api/admin/overview", headers, remoteAddress });

  it("shows the overview without a key to a browser on this machine only", async () => {
    world = testApp(database.pool, { openPages: true });
    for (const host of ["localhost:8080", "127.0.0.1", "[::1]:8080"]) {
      expect((await ask({ host })).json()).toMatchObject({ store: { org: "demo", code: "main" } });
    }
    expect((await ask({ host: "evil.example" })).statusCode).toBe(401);
    expect((await ask({ host: "localhost.evil.example" })).statusCode).toBe(401);
    expect((await ask({ host: "localhost" }, "10.0.0.7")).statusCode).toBe(401);
    expect((await ask({ host: "localhost", "x-forwarded-for": "10.0.0.7" })).statusCode).toBe(401);
    expect((await ask({ host: "localhost", authorization: "Bearer tsk_wrong" })).statusCode).toBe(401);
    expect((await world.app.inject({ url: "/api/admin/totals", headers: { host: "localhost" } })).statusCode).toBe(401);
  });

  it("is off unless asked for", async () => {
    expect((await ask({ host: "localhost" })).statusCode).toBe(401);
  });
});

describe("answers", () => {
  it("are packed when large and the caller can unpack them", async () => {
    for (let index = 0; index < 20; index++) {
      await enroll(database.pool, { ...PLACE, role: "terminal", name: "x", terminal: { shortId: `X${index}` } }, 0);
    }
    const plain = await get("/api/admin/overview", admin);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const zstd = await get("/api/admin/overview", admin, { "accept-encoding": "gzip, zstd" });
    expect(zstd.headers).toMatchObject({ "content-encoding": "zstd", vary: "accept-encoding" });
    expect(zstdDecompressSync(zstd.rawPayload).toString()).toBe(plain.body);
    const gzip = await get("/api/admin/overview", admin, { "accept-encoding": "gzip" });
    expect(gunzipSync(gzip.rawPayload).toString()).toBe(plain.body);
    expect(Number(gzip.headers["content-length"])).toBe(gzip.rawPayload.length);
  });

  it("carry an id of their own when the caller brings none, or one that does not belong into a log", async () => {
    const ids = ["", "a\tb", "x".repeat(65), "<script>"];
    for (const id of ids) {
      const answer = await world.app.inject({ url: "/health/live", headers: { "x-correlation-id": id } });
      expect(answer.headers["x-correlation-id"]).toMatch(/^id-\d+$/);
    }
  });

  it("are never kept by a cache", async () => {
    for (const url of ["/api/admin/overview", "/api/admin/totals", "/api/admin/find/none", "/health", "/health/live"]) {
      expect((await get(url, admin)).headers["cache-control"], url).toBe("no-store");
    }
  });
});

describe("pages", () => {
  it("come with a policy that allows no inline code and nothing from elsewhere", async () => {
    for (const url of [
      "/",
      "/light",
      "/pages/status.js",
      "/pages/light.js",
      "/pages/ask.js",
      "/pages/style.css",
      "/pages/icon.svg",
    ]) {
      const answer = await world.app.inject({ url });
      expect(answer.statusCode, url).toBe(200);
      expect(answer.headers["content-security-policy"]).toMatch(/^default-src 'none'.*script-src 'self'/);
      expect(answer.headers["content-security-policy"]).not.toMatch(/unsafe|https?:|\*/);
      expect(answer.headers["x-content-type-options"]).toBe("nosniff");
      expect(answer.body).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\son\w+=|style="|<script>|<style>/);
    }
  });

  it("are those and no other file", async () => {
    for (const file of ["..%2fmain.ts", "..%2f..%2fpackage.json", "status.html", "nothing.js", "%00"]) {
      expect((await world.app.inject({ url: `/pages/${file}` })).statusCode, file).toBe(404);
    }
  });
});
