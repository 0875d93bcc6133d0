import { SyncError } from "@tillsync/protocol";
import type { FastifyInstance } from "fastify";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { terminalApp } from "./app.ts";
import { DOOR } from "./door-limits.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import { sale } from "./testing/samples.ts";

let terminal: FakeTerminal;
let app: FastifyInstance;
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

beforeEach(() => {
  vi.clearAllMocks();
  terminal = new FakeTerminal();
  app = terminalApp({ terminal, log });
});

function postText(payload: string, headers: Record<string, string> = {}) {
  return app.inject({
    method: "POST",
    url: "/api/orders",
    payload,
    headers: { "content-type": "application/json", ...headers },
  });
}

describe("bodies", () => {
  it("that are not JSON are refused without repeating them", async () => {
    const response = await postText('{"localId": "a", "operator": Wanjiru}');
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ code: "INVALID_JSON", retryable: false });
    expect(response.body).not.toContain("Wanjiru");
  });

  it("of another content type are refused, and the right one is named", async () => {
    const response = await postText("localId=a", { "content-type": "application/x-www-form-urlencoded" });
    expect(response.statusCode).toBe(400);
    expect(response.json().error.code).toBe("INVALID_JSON");
    expect(response.json().error.message).toContain("application/json");
  });

  it("with a content-encoding are refused", async () => {
    const response = await postText("{}", { "content-encoding": "gzip" });
    expect(response.statusCode).toBe(415);
    expect(response.json().error.code).toBe("UNSUPPORTED_ENCODING");
  });

  it.each(['{"__proto__": {"polluted": 1}}', '{"constructor": {"prototype": {"polluted": 1}}}'])(
    "that reach for prototypes are refused: %s",
    async (text) => {
      expect((await postText(text)).statusCode).toBe(400);
      expect("polluted" in {}).toBe(false);
    },
  );

  it("larger than the limit are refused", async () => {
    const response = await postText(JSON.stringify({ localId: "a", label: "x".repeat(DOOR.maxBodyBytes) }));
    expect(response.statusCode).toBe(413);
    expect(response.json().error).toMatchObject({ code: "TOO_LARGE", maxBytes: DOOR.maxBodyBytes });
  });

  it("nested without end are refused", async () => {
    expect((await postText(`{"localId":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)).statusCode).toBe(400);
  });

  it.each([
    ["a name twice", '{"localId":"a","localId":"b"}', "body"],
    ["a lone surrogate", '{"localId":"\\ud800"}', "localId"],
    ["NUL", '{"lines":[{"item":"\\u0000"}]}', "lines.0.item"],
    ["a number as long as a book", `{"amountMinor":1${"0".repeat(100_000)}}`, "amountMinor"],
    ["500,000 values and more", `{"lines":[${"1,".repeat(500_000)}1]}`, "body"],
  ])("with %s are refused, and where it is", async (_what, text, field) => {
    const response = await postText(text);
    expect([400, 413]).toContain(response.statusCode);
    expect(response.json().error).toMatchObject({ field, expected: expect.any(String) });
    expect(terminal.asked).toEqual([]);
  });

  it("that are no UTF-8 are refused instead of changed", async () => {
    const payload = Buffer.from('{"localId":"caf\xe9"}', "latin1");
    const headers = { "content-type": "application/json" };
    const response = await app.inject({ method: "POST", url: "/api/orders", payload, headers });
    expect(response.json().error).toMatchObject({ code: "INVALID_JSON", field: "body", expected: "UTF-8" });
  });

  it("that are empty count as none", async () => {
    const response = await app.inject({
      method: "POST",
      url: "/api/sync/now",
      headers: { "content-type": "application/json" },
    });
    expect(response.statusCode).toBe(200);
  });
});

describe("refusals", () => {
  it("have one shape, with the correlation id of the answer", async () => {
    const response = await app.inject({ method: "PUT", url: "/api/nothing?secret=1" });
    expect(response.statusCode).toBe(404);
    const { error } = response.json();
    expect(error).toMatchObject({
      code: "NOT_FOUND",
      retryable: false,
      correlationId: response.headers["x-correlation-id"],
    });
    expect(error.message).toBe("There is no PUT /api/nothing on this till.");
  });

  it("of addresses that cannot be read have the same shape", async () => {
    const response = await app.inject("/api/orders/%ff");
    expect(response.statusCode).toBe(404);
    expect(response.json().error.code).toBe("NOT_FOUND");
    expect(response.headers["x-correlation-id"]).toBe(response.json().error.correlationId);
  });

  it("keep the cause of the unexpected for the log", async () => {
    terminal.failure = new Error("SQLITE_CORRUPT at /var/till.db");
    const response = await postText(JSON.stringify(sale("order-1")));
    expect(response.statusCode).toBe(500);
    expect(response.json().error).toMatchObject({ code: "INTERNAL", retryable: true });
    expect(response.body).not.toContain("SQLITE");
    const [facts] = log.error.mock.calls[0] ?? [];
    expect(facts).toMatchObject({ code: "INTERNAL", correlationId: response.headers["x-correlation-id"] });
    expect(facts.cause.message).toContain("SQLITE_CORRUPT");
  });

  it("of the engine pass with their status and details", async () => {
    terminal.failure = new SyncError("COMMIT_UNKNOWN", "Ask again by localId.", { localId: "order-1" });
    const response = await postText(JSON.stringify(sale("order-1")));
    expect(response.statusCode).toBe(503);
    expect(response.json().error).toMatchObject({ code: "COMMIT_UNKNOWN", retryable: true, localId: "order-1" });
  });
});

describe("correlation ids", () => {
  it("are the caller's when harmless", async () => {
    const response = await app.inject({ url: "/health", headers: { "x-correlation-id": "pos-12345" } });
    expect(response.headers["x-correlation-id"]).toBe("pos-12345");
  });

  it.each(["short", "has spaces in it", "x".repeat(65), "<script>alert</script>"])(
    "are made when the caller's is %s",
    async (given) => {
      const response = await app.inject({ url: "/health", headers: { "x-correlation-id": given } });
      expect(response.headers["x-correlation-id"]).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

it("the log holds no ids, reasons, names or payloads", async () => {
  await postText(JSON.stringify({ ...sale("canary-order"), private: { phone: "canary-0722" } }));
  await app.inject({ method: "DELETE", url: "/api/orders/canary-order?reason=canary-reason" });
  await app.inject("/api/explain/canary-order");
  await postText('{"canary-json');
  const everything = JSON.stringify(Object.values(log).map((method) => method.mock.calls));
  expect(everything).toContain("/api/orders/:localId");
  expect(everything).not.toContain("canary");
});
