import { createZstdDecompress } from "node:zlib";
import { SyncError } from "@tillsync/protocol";
import { Agent, type Dispatcher, request as httpRequest } from "undici";
import type { FetchRequest } from "../ports.ts";
import { centreUrl } from "./centre-url.ts";

/** A page has about 1 MiB, and one row more; a packed answer that grows past this is no page. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** As many pulls go on at once, each with the next page on its way. */
const CONNECTIONS = 4;

/**
 * Reads reference data over connections of its own, so that a page on a slow line holds no exchange up. It is unpacked as
 * it comes; nothing of it is believed before it ended as it should.
 */
export function httpFetch(
  options: { readonly url: string; readonly key: string; readonly timeoutMs: number },
  refuse: (status: number, headers: Dispatcher.ResponseData["headers"], text: string) => SyncError,
) {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1, connect: { timeout: 5_000 } });
  const fetch = async ({ path, type }: FetchRequest, signal: AbortSignal, correlationId: string): Promise<string> => {
    const answer = await httpRequest(centreUrl(options.url, path), {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
      headers: {
        authorization: `Bearer ${options.key}`,
        accept: type,
        "accept-encoding": "zstd",
        "x-correlation-id": correlationId,
      },
    });
    const { statusCode: status, headers, body } = answer;
    const isPacked = headers["content-encoding"] === "zstd";
    const text = await readText(isPacked ? unpacked(body) : body);
    if (status !== 200 || !String(headers["content-type"] ?? "").startsWith(type)) throw refuse(status, headers, text);
    return text;
  };
  return { fetch, close: () => agent.close() };
}

function unpacked(body: Dispatcher.ResponseData["body"]): AsyncIterable<Buffer> {
  const unpack = createZstdDecompress({ chunkSize: 256 * 1024 });
  body.on("error", (error) => unpack.destroy(error));
  return body.pipe(unpack);
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_TEXT_BYTES) throw notAnAnswer(`it is larger than ${MAX_TEXT_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    throw /^Z(STD)?_/.test(String(code)) ? notAnAnswer("it does not unpack", cause) : cause;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function notAnAnswer(why: string, cause?: unknown): SyncError {
  return new SyncError("NOT_AN_ANSWER", `What came in place of a page of reference data is none: ${why}.`, {}, cause);
}
