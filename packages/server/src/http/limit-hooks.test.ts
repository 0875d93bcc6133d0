import { Readable } from "node:stream";
import { LIMITS, SyncError } from "@tillsync/protocol";
import { type FastifyInstance, fastify } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DOOR, type Rates } from "./door-limits.ts";
import { addLimits, takeMemory } from "./limit-hooks.ts";
import { answerRefusal } from "./refusal.ts";

let app: FastifyInstance;
let nowMs: number;
/** Handlers that were reached and wait for their end. */
let reached: { readonly store: number; readonly end: (answer?: unknown) => void }[];

const UNLIMITED: Rates = { perDevice: 1_000_000, perStore: 1_000_000 };

/** An app with nothing but limits; header `store` says who asks. */
function begin(rates: Rates): void {
  nowMs = 0;
  reached = [];
  app = fastify({ bodyLimit: LIMITS.maxWireBytes });
  app.setErrorHandler(answerRefusal);
  app.decorateRequest("caller", null);
  app.addHook("onRequest", async (request) => {
    const storeId = Number(request.headers.store ?? 0);
    const { device = "till" } = request.headers;
    if (storeId > 0) request.caller = { orgId: 1, storeId, role: "admin", name: String(device), terminal: null };
  });
  addLimits(app, { rates, monotonicMs: () => nowMs });
  app.get("/health/live", async () => ({ status: "ok" }));
  app.get("/quick", async () => ({}));
  app.get("/fails", async () => Promise.reject(new SyncError("GAP", "A gap.")));
  app.post("/body", async (request) => {
    takeMemory(request, 8 * 1024 * 1024);
    return { bytes: JSON.stringify(request.body).length };
  });
  app.get(
    "/slow",
    (request) =>
      new Promise((resolve) => {
        reached.push({ store: request.caller?.storeId ?? 0, end: (answer = {}) => resolve(answer) });
      }),
  );
}

afterEach(() => app.close());

const get = (url: string, store = 1, device = "till") => app.inject({ url, headers: { store: String(store), device } });
const settle = () => new Promise((resolve) => setImmediate(resolve));
async function times<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => act(index)));
}

describe("rates", () => {
  beforeEach(() => begin({ perDevice: 10, perStore: 15 }));

  it("refuses a device above its rate, with Retry-After and the limit, and lets it on afterwards", async () => {
    const answers = await times(21, () => get("/quick"));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
    const refused = answers[20];
    expect(refused?.headers["retry-after"]).toBe("1");
    expect(refused?.json().error).toMatchObject({
      code: "TOO_MANY_REQUESTS",
      retryable: true,
      field: "this device",
      limit: 10,
      retryAfterMs: 100,
    });
    nowMs += 100;
    expect((await get("/quick")).statusCode).toBe(200);
  });

  it("refuses a store above its rate, and no other store for it", async () => {
    const answers = await times(31, (index) => get("/quick", 1, `till ${index % 4}`));
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(1);
    expect(answers[30]?.json().error).toMatchObject({ field: "all devices of this store", limit: 15 });
    expect((await get("/quick", 2)).statusCode).toBe(200);
  });

  it("counts what a device is refused against nobody else in its store", async () => {
    await times(200, () => get("/quick", 1, "mad"));
    expect((await get("/quick", 1, "good")).statusCode).toBe(200);
  });

  it("does not count who is open to anyone", async () => {
    const answers = await times(100, () => app.inject("/health/live"));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  });
});

describe("running", () => {
  beforeEach(() => begin(UNLIMITED));

  const many = (count: number, store: number) =>
    Array.from({ length: count }, (_, index) => get("/slow", store, `till ${index}`));

  it("holds one store's rush back, and lets the others and /health through", async () => {
    const hot = many(50, 1);
    const other = many(1, 2);
    while (reached.length < DOOR.maxRunningPerStore + 1) await settle();
    expect(reached.map(({ store }) => store).sort()).toEqual([
      ...Array.from({ length: DOOR.maxRunningPerStore }, () => 1),
      2,
    ]);
    expect((await app.inject("/health/live")).statusCode).toBe(200);
    for (let each = 0; each < 51; each++) {
      while (reached.length <= each) await settle();
      reached[each]?.end();
    }
    const answers = await Promise.all([...hot, ...other]);
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  });

  it("sheds what would wait too long: 503 and Retry-After, before the handler", async () => {
    const answers = many(DOOR.maxWaitingPerStore + DOOR.maxRunningPerStore + 1, 1);
    const refused = await Promise.race(answers);
    expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([503, "1"]);
    expect(refused.json().error).toMatchObject({ code: "UNAVAILABLE", part: "server", retryAfterMs: 1000 });
    for (let each = 0; each < answers.length - 1; each++) {
      while (reached.length <= each) await settle();
      reached[each]?.end();
    }
    expect((await Promise.all(answers)).filter(({ statusCode }) => statusCode === 503)).toHaveLength(1);
  });

  it("gives the turn back whatever becomes of a handler", async () => {
    const failures = await times(40, () => get("/fails"));
    expect(new Set(failures.map(({ statusCode }) => statusCode))).toEqual(new Set([409]));
    const streams = Array.from({ length: 20 }, () => get("/slow"));
    for (let each = 0; each < 20; each++) {
      while (reached.length <= each) await settle();
      reached[each]?.end(Readable.from(["a", "b"]));
    }
    expect((await Promise.all(streams)).map(({ payload }) => payload)).toEqual(Array.from({ length: 20 }, () => "ab"));
    expect((await get("/quick")).statusCode).toBe(200);
  });

  it("lets slow readers of long answers hold nobody's turn, and bounds how many there are", async () => {
    const count = DOOR.maxStreamingPerStore + 1;
    const unread: Readable[] = [];
    const answers = Array.from({ length: count }, () => get("/slow"));
    for (let each = 0; each < count; each++) {
      while (reached.length <= each) await settle();
      const stream = new Readable({ read: () => {} });
      unread.push(stream);
      reached[each]?.end(stream);
      await settle();
    }
    const refused = await Promise.race(answers);
    expect([refused.statusCode, refused.json().error.code]).toEqual([503, "UNAVAILABLE"]);
    expect((await get("/quick")).statusCode).toBe(200);
    for (const stream of unread) stream.push(null);
    expect((await Promise.all(answers)).filter(({ statusCode }) => statusCode === 200)).toHaveLength(count - 1);
  });
});

describe("bodies", () => {
  beforeEach(() => begin(UNLIMITED));

  const post = (payload: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: "POST",
      url: "/body",
      payload,
      headers: { store: "1", "content-type": "application/json", ...headers },
    });

  it("gives the memory back after each request", async () => {
    for (let round = 0; round < 40; round++) {
      const answer = await post(JSON.stringify("x".repeat(500_000)));
      expect(answer.json()).toEqual({ bytes: 500_002 });
    }
  });

  it("refuses when bodies of a store are more than its part of the memory", async () => {
    const size = LIMITS.maxWireBytes;
    const headers = { "transfer-encoding": "chunked" };
    const answers = await times(DOOR.maxBodyBytesPerStore / size + 1, () => post('"x"', headers));
    const refused = answers.filter(({ statusCode }) => statusCode === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.json().error).toMatchObject({
      code: "UNAVAILABLE",
      field: "body",
      limit: DOOR.maxBodyBytesPerStore,
      expected: `at most ${DOOR.maxBodyBytesPerStore} bytes under way`,
    });
    expect((await post('"x"', headers)).statusCode).toBe(200);
  });
});
