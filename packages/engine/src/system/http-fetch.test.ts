import type { ServerResponse } from "node:http";
import { zstdCompressSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { closedUrl, startHttp } from "../testing/http-stub.ts";
import { httpTransport } from "./http-transport.ts";

const PAGE = `${'{"id":"a"}\n'.repeat(2_000)}`;
const BOMB = zstdCompressSync(Buffer.alloc(17 << 20));
const NDJSON = { "content-type": "application/x-ndjson" };
const PACKED = { ...NDJSON, "content-encoding": "zstd" };

async function fetchFrom(answer: (response: ServerResponse) => void, timeoutMs = 5_000) {
  const { url, requests } = await startHttp(answer);
  return { requests, ...fetchAt(url, timeoutMs) };
}

function fetchAt(url: string, timeoutMs = 5_000) {
  const transport = httpTransport({ url, key: "secret", timeoutMs });
  onTestFinished(() => transport.close());
  const never = new AbortController().signal;
  const request = { path: "api/sync/modules/items?scope=store", type: "application/x-ndjson" } as const;
  const result = transport.fetch?.(request, never, "c-1") ?? Promise.reject(new Error("no fetch"));
  return {
    text: async () => `${[...(await result).read()].join("\n")}\n`,
    lines: result,
    code: result.then(
      () => "none",
      (error: { code?: string }) => error.code,
    ),
  };
}

it("asks with the key and the correlation id, and unpacks what comes packed", async () => {
  const { text, requests } = await fetchFrom((response) => response.writeHead(200, PACKED).end(zstdCompressSync(PAGE)));
  expect(await text()).toBe(PAGE);
  const { path, headers } = requests[0] ?? {};
  expect(path).toBe("/api/sync/modules/items?scope=store");
  expect(headers).toMatchObject({
    authorization: "Bearer secret",
    "x-correlation-id": "c-1",
    accept: NDJSON["content-type"],
  });
  expect(headers?.["accept-encoding"]).toBe("zstd");
});

it("gives its lines as often as somebody reads them, whatever letters they are in", async () => {
  const page = '{"name":"caf\u00e9"}\n\n{"name":"\u7c73"}\n';
  const { lines } = await fetchFrom((response) => response.writeHead(200, NDJSON).end(page));
  const twice = [...(await lines).read(), ...(await lines).read()];
  expect(`${twice.join("\n")}\n`).toBe(page + page);
});

it("takes it as it is when it comes unpacked", async () => {
  expect(await (await fetchFrom((response) => response.writeHead(200, NDJSON).end(PAGE))).text()).toBe(PAGE);
});

it("passes the centre's own refusal on", async () => {
  const { code } = await fetchFrom((response) =>
    response
      .writeHead(410, { "content-type": "application/json" })
      .end(JSON.stringify({ error: { code: "FEED_RESET", message: "Fetch the whole.", retryable: true } })),
  );
  expect(await code).toBe("FEED_RESET");
});

it.each<[string, string, (response: ServerResponse) => void]>([
  [
    "a portal's page",
    "NOT_AN_ANSWER",
    (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  ],
  [
    "packed bytes that end too early",
    "NOT_AN_ANSWER",
    (response) => response.writeHead(200, PACKED).end(zstdCompressSync(PAGE).subarray(0, 20)),
  ],
  [
    "a page that ends in the middle of a line",
    "NOT_AN_ANSWER",
    (response) => response.writeHead(200, NDJSON).end(PAGE.slice(0, -1)),
  ],
  ["bytes that are not packed as they say", "NOT_AN_ANSWER", (response) => response.writeHead(200, PACKED).end(PAGE)],
  ["a bomb", "NOT_AN_ANSWER", (response) => response.writeHead(200, PACKED).end(BOMB)],
  [
    "a line that is cut in the middle",
    "UNREACHABLE",
    (response) => {
      response.writeHead(200, { ...NDJSON, "content-length": PAGE.length }).write(PAGE.slice(0, 100));
      setImmediate(() => response.destroy());
    },
  ],
  ["silence", "TIMED_OUT", (response) => response.writeHead(200, NDJSON).write("{")],
])("refuses %s", async (_what, wanted, answer) => {
  expect(await (await fetchFrom(answer, 500)).code).toBe(wanted);
});

it("says when nobody is there", async () => {
  expect(await fetchAt(await closedUrl()).code).toBe("UNREACHABLE");
});
