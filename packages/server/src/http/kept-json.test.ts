import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { fastify } from "fastify";
import { afterEach, expect, it } from "vitest";
import { streamJson } from "./kept-json.ts";

let app = fastify();
afterEach(() => app.close());

async function serve(pieces: () => AsyncIterable<string>): Promise<string> {
  app = fastify();
  app.get("/", (request, reply) => streamJson(request, reply, pieces()));
  return app.listen({ port: 0, host: "127.0.0.1" });
}

async function* list(length: number): AsyncGenerator<string> {
  yield "[0";
  for (let index = 1; index < length; index++) yield `,${index}`;
  yield "]";
}

it.each([
  ["identity", (bytes: Buffer) => bytes],
  ["gzip", gunzipSync],
  ["zstd", zstdDecompressSync],
])("streams %s, however long it is", async (encoding, unpack) => {
  await serve(() => list(50_000));
  const answer = await app.inject({ url: "/", headers: { "accept-encoding": encoding } });
  expect(answer.headers["content-encoding"]).toBe(encoding === "identity" ? undefined : encoding);
  expect(JSON.parse(unpack(answer.rawPayload).toString())).toHaveLength(50_000);
});

it("makes no more than is taken", async () => {
  let made = 0;
  const url = await serve(async function* () {
    for (; made < 1_000; made++) yield "x".repeat(64 * 1024);
  });
  const answer = await fetch(url, { headers: { "accept-encoding": "identity" } });
  const reader = answer.body?.getReader();
  await reader?.read();
  expect(made).toBeLessThan(900);
  await reader?.cancel();
});

it("breaks off when a part fails, so that half an answer is no answer", async () => {
  const url = await serve(async function* () {
    yield `{"orders":["${"x".repeat(200_000)}"`;
    throw new Error("the database went away");
  });
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
});
