import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { CHAIN_START, type ExchangeRequest, type ExchangeResponse, SyncError } from "@tillsync/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeCentre } from "../testing/fake-centre.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { closedUrl, startHttp, startTcp } from "../testing/http-stub.ts";
import { refusalOf } from "../testing/refusal.ts";
import { type HttpTransportOptions, httpTransport } from "./http-transport.ts";

const REQUEST: ExchangeRequest = {
  protocolVersion: 1,
  terminal: "0190a5da-c967-774b-8cce-b302099a8057",
  incarnation: "00112233445566ff",
  fromSeq: 1,
  prevHash: CHAIN_START,
  changes: [],
  headSeq: 0,
  cursor: null,
};
const LARGE: ExchangeRequest = { ...REQUEST, changes: [{ body: "ä😀".repeat(5_000), hash: "a".repeat(64) }] };
const ANSWER: ExchangeResponse = new FakeCentre(new FakeClock()).answerOf(REQUEST.incarnation);

function transportTo(url: string, over: Partial<HttpTransportOptions> = {}) {
  const transport = httpTransport({ url, key: "tsk_secret", ...over });
  onTestFinished(() => transport.close());
  return transport;
}

/** How an exchange with a server that answers like this ends. */
async function refusal(status: number, body: string, headers: Record<string, string> = {}): Promise<SyncError> {
  const { url } = await startHttp((response) => response.writeHead(status, headers).end(body));
  return failing(transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1"));
}

async function failing(exchange: Promise<unknown>): Promise<SyncError> {
  const error = await exchange.then(
    () => new Error("the exchange succeeded"),
    (cause: unknown) => cause,
  );
  if (error instanceof SyncError) return error;
  throw error;
}

describe("an exchange over HTTP", () => {
  it("gives an answer of the right shape", async () => {
    const { url } = await startHttp((response) => response.end(JSON.stringify(ANSWER)));
    expect(await transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1")).toEqual(ANSWER);
  });

  it("goes to one address with the key, as JSON, and asks for the one packing that it undoes", async () => {
    const { url, requests } = await startHttp((response) => response.end(JSON.stringify(ANSWER)));
    await transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1");
    const [{ path, headers, body } = { path: "", headers: {}, body: Buffer.alloc(0) }] = requests;
    const { authorization, "content-type": type, "x-correlation-id": correlationId } = headers;
    expect({ path, authorization, type, correlationId }).toEqual({
      path: "/api/sync/exchange",
      authorization: "Bearer tsk_secret",
      type: "application/json",
      correlationId: "test-1",
    });
    expect(headers["accept-encoding"]).toBe("zstd");
    expect(headers["content-encoding"]).toBeUndefined();
    expect(JSON.parse(body.toString())).toEqual(REQUEST);
  });

  it("packs large requests as zstd, byte for byte the same inside", async () => {
    const { url, requests } = await startHttp((response) => response.end(JSON.stringify(ANSWER)));
    await transportTo(url).exchange(LARGE, AbortSignal.any([]), "test-1");
    expect(requests[0]?.headers["content-encoding"]).toBe("zstd");
    expect(requests[0]?.body.length).toBeLessThan(1_000);
    expect(JSON.parse(zstdDecompressSync(requests[0]?.body ?? "").toString())).toEqual(LARGE);
  });

  it("takes a packed answer", async () => {
    const packed = { "content-type": "application/json", "content-encoding": "zstd" };
    const { url } = await startHttp((response) =>
      response.writeHead(200, packed).end(zstdCompressSync(JSON.stringify(ANSWER))),
    );
    expect(await transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1")).toEqual(ANSWER);
  });

  it.each<[string, Buffer | string]>([
    ["packed bytes that end too early", zstdCompressSync(JSON.stringify(ANSWER)).subarray(0, 40)],
    ["bytes that are not packed as they say", JSON.stringify(ANSWER)],
    ["a bomb", zstdCompressSync(Buffer.alloc(33 * 1024 * 1024))],
  ])("does not take %s", async (_what, body) => {
    const { url } = await startHttp((response) => response.writeHead(200, { "content-encoding": "zstd" }).end(body));
    const error = await failing(transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1"));
    expect(error.code).toBe("NOT_AN_ANSWER");
  });

  it("keeps one connection for all of them", async () => {
    const { url, connections } = await startHttp((response) => response.end(JSON.stringify(ANSWER)));
    const transport = transportTo(url);
    for (let times = 0; times < 5; times++) await transport.exchange(REQUEST, AbortSignal.any([]), "test-1");
    expect(connections()).toBe(1);
  });

  it("keeps the path of a centre that lives behind one", async () => {
    const { url, requests } = await startHttp((response) => response.end(JSON.stringify(ANSWER)));
    for (const base of [`${url}/head-office`, `${url}/head-office/`])
      await transportTo(base).exchange(REQUEST, AbortSignal.any([]), "test-1");
    expect(requests.map(({ path }) => path)).toEqual([
      "/head-office/api/sync/exchange",
      "/head-office/api/sync/exchange",
    ]);
  });

  it.each(["", "head office", "ftp://sync.example", "127.0.0.1:8080"])("refuses %j as the centre's address", (url) => {
    expect(refusalOf(() => httpTransport({ url, key: "k" }))).toMatchObject({
      code: "CONFIG_INVALID",
      details: { field: "central.url" },
    });
  });
});

describe("what is not an answer of the centre", () => {
  it.each([
    ["a captive portal's page", 200, "<html>Welcome to the hotel</html>"],
    ["JSON that is cut off", 200, JSON.stringify(ANSWER).slice(0, -30)],
    ["nothing at all", 200, ""],
    ["JSON of another shape", 200, '{"ok":true}'],
    ["an answer with a field too many", 200, JSON.stringify({ ...ANSWER, extra: 1 })],
    ["an answer with a mark below zero", 200, JSON.stringify({ ...ANSWER, durableThrough: -1 })],
    ["null", 200, "null"],
    ["a portal's redirect", 302, ""],
    ["a proxy's page", 502, "<h1>Bad gateway</h1>"],
    ["an error of somebody else", 500, '{"error":"boom"}'],
    ["an error with a code of somebody else", 500, '{"error":{"code":"E_CONSTRUCTOR"}}'],
    ["an error with a code that every object has", 500, '{"error":{"code":"constructor"}}'],
    ["a success that is none", 204, ""],
    ["an answer under another status", 201, JSON.stringify(ANSWER)],
  ])("%s", async (_what, status, body) => {
    const error = await refusal(status, body);
    expect({ code: error.code, status: error.details.status }).toEqual({ code: "NOT_AN_ANSWER", status });
  });

  it.each(["text/html; charset=utf-8", "text/plain", "application/octet-stream", "application/jsonx", ""])(
    "an answer that says it is %j",
    async (type) => {
      const { url } = await startHttp((response) => {
        response.setHeader("content-type", type);
        response.end(JSON.stringify(ANSWER));
      });
      const error = await failing(transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1"));
      expect(error.code).toBe("NOT_AN_ANSWER");
    },
  );

  it("an answer that never ends is cut off, before it fills the memory", async () => {
    const { url } = await startHttp((response) => {
      const block = Buffer.alloc(1024 * 1024, "x");
      const more = () => response.write(block) && setImmediate(more);
      response.on("drain", more);
      more();
    });
    const error = await failing(transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1"));
    expect(error.code).toBe("NOT_AN_ANSWER");
    expect(error.message).toContain("larger than");
  });
});

describe("a refusal of the centre", () => {
  it("comes through with its code, sentence and facts", async () => {
    const body = new SyncError("GAP", "Send from 5 on.", { durableThrough: 4, chainHash: "ab", expected: "5" }).toBody(
      "c-1",
    );
    const error = await refusal(409, JSON.stringify(body));
    expect(error).toMatchObject({
      code: "GAP",
      message: "Send from 5 on.",
      details: { durableThrough: 4, chainHash: "ab", correlationId: "c-1" },
    });
  });

  it("carries how long to wait", async () => {
    const body = JSON.stringify(new SyncError("UNAVAILABLE", "Not now.").toBody());
    expect((await refusal(503, body, { "retry-after": "7" })).details.retryAfterMs).toBe(7_000);
    const moment = { date: "Fri, 16 Jan 2026 08:00:00 GMT", "retry-after": "Fri, 16 Jan 2026 08:00:30 GMT" };
    expect((await refusal(503, body, moment)).details.retryAfterMs).toBe(30_000);
    const exact = JSON.stringify(new SyncError("TOO_MANY_REQUESTS", "Slower.", { retryAfterMs: 1_250 }).toBody());
    expect((await refusal(429, exact, { "retry-after": "2" })).details.retryAfterMs).toBe(1_250);
    for (const value of ["soon", "-5", "9e99", moment.date]) {
      const { details } = await refusal(503, body, { "retry-after": value, date: moment["retry-after"] });
      expect(details, value).not.toHaveProperty("retryAfterMs");
    }
    expect((await refusal(503, body)).details).not.toHaveProperty("retryAfterMs");
  });

  it("of a balancer in front of it carries how long to wait, too", async () => {
    const error = await refusal(503, "<h1>Service unavailable</h1>", { "retry-after": "120" });
    expect({ code: error.code, ...error.details }).toEqual({
      code: "NOT_AN_ANSWER",
      status: 503,
      retryAfterMs: 120_000,
    });
  });

  it("of a proxy that finds the batch too large is understood as that", async () => {
    expect((await refusal(413, "<h1>Request Entity Too Large</h1>")).code).toBe("TOO_LARGE");
  });

  it("without a sentence still has one", async () => {
    expect((await refusal(403, '{"error":{"code":"FORBIDDEN"}}')).message).toMatch(/^[A-Z].*\.$/);
  });
});

describe("a network that does not work", () => {
  it("refused connections are UNREACHABLE", async () => {
    const error = await failing(transportTo(await closedUrl()).exchange(REQUEST, AbortSignal.any([]), "test-1"));
    expect(error.code).toBe("UNREACHABLE");
  });

  it("names that do not resolve are UNREACHABLE", async () => {
    const error = await failing(transportTo("http://nobody.invalid").exchange(REQUEST, AbortSignal.any([]), "test-1"));
    expect(error.code).toBe("UNREACHABLE");
  });

  it.each<[string, string]>([
    ["before the answer", ""],
    ["in the middle of the head", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["in the middle of the body", 'HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{"protocolVersion":1'],
    ["in the middle of a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{"],
  ])("connections cut %s are UNREACHABLE", async (_when, bytes) => {
    const url = await startTcp((socket) => socket.once("data", () => socket.end(bytes)));
    expect((await failing(transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1"))).code).toBe("UNREACHABLE");
  });

  it("something that speaks no HTTP is UNREACHABLE", async () => {
    const url = await startTcp((socket) => socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.2\r\n")));
    expect((await failing(transportTo(url).exchange(REQUEST, AbortSignal.any([]), "test-1"))).code).toBe("UNREACHABLE");
  });

  it.each<[string, string]>([
    ["silence", ""],
    ["a body that drips", "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{"],
  ])("%s ends at the deadline of the whole exchange as TIMED_OUT", async (_what, bytes) => {
    const url = await startTcp((socket) => socket.once("data", () => socket.write(bytes)));
    const error = await failing(transportTo(url, { timeoutMs: 100 }).exchange(REQUEST, AbortSignal.any([]), "test-1"));
    expect(error.code).toBe("TIMED_OUT");
  });

  it("works again as soon as it works: the next exchange makes a new connection", async () => {
    let cut = true;
    const { url } = await startHttp((response) => {
      if (cut) response.destroy();
      else response.end(JSON.stringify(ANSWER));
    });
    const transport = transportTo(url);
    expect((await failing(transport.exchange(REQUEST, AbortSignal.any([]), "test-1"))).code).toBe("UNREACHABLE");
    cut = false;
    expect(await transport.exchange(REQUEST, AbortSignal.any([]), "test-1")).toEqual(ANSWER);
  });
});

describe("giving an exchange up", () => {
  it("ends it at once, before and while it waits", async () => {
    const { url, requests } = await startHttp(() => abort.abort());
    const abort = new AbortController();
    const transport = transportTo(url);
    expect((await failing(transport.exchange(REQUEST, abort.signal, "test-1"))).code).toBe("UNREACHABLE");
    expect((await failing(transport.exchange(REQUEST, abort.signal, "test-1"))).code).toBe("UNREACHABLE");
    expect(requests).toHaveLength(1);
  });

  it("keeps keys and payloads out of every message", async () => {
    const error = await failing(transportTo(await closedUrl()).exchange(LARGE, AbortSignal.any([]), "test-1"));
    expect(`${error.message} ${JSON.stringify(error.toBody())}`).not.toMatch(/tsk_secret|ä😀/);
  });
});
