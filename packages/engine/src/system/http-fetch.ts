import { zstdDecompressSync } from "node:zlib";
import { SyncError } from "@tillsync/protocol";
import { Agent, type Dispatcher, request as httpRequest } from "undici";
import { type Credential, showing } from "../credential.ts";
import type { FetchRequest } from "../ports.ts";
import { centreUrl } from "./centre-url.ts";

/** A page has about 1 MiB, and one row more; a packed answer that grows past this is no page. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** As many pulls go on at once, each with the next page on its way. */
const CONNECTIONS = 4;

/**
 * Reads reference data over connections of its own, so that a page on a slow line holds no exchange up. Nothing
 * of it is believed before it ended as it should.
 */
export function httpFetch(
  options: { readonly url: string; readonly credential: Credential; readonly timeoutMs: number },
  refuse: (status: number, headers: Dispatcher.ResponseData["headers"], text: string) => SyncError,
) {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1, connect: { timeout: 5_000 } });
  const fetch = (request: FetchRequest, signal: AbortSignal, correlationId: string): Promise<string> =>
    showing(options.credential, correlationId, (shown) => ask(request, signal, { shown, correlationId }));
  const ask = async (
    { path, type }: FetchRequest,
    signal: AbortSignal,
    { shown, correlationId }: { shown: string; correlationId: string },
  ): Promise<string> => {
    const answer = await httpRequest(centreUrl(options.url, path), {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
      headers: {
        authorization: `Bearer ${shown}`,
        accept: type,
        "accept-encoding": "zstd",
        "x-correlation-id": correlationId,
      },
    });
    const { statusCode: status, headers, body } = answer;
    const bytes = await readBounded(body);
    const text = (headers["content-encoding"] === "zstd" ? unpacked(bytes) : bytes).toString("utf8");
    if (status !== 200 || !String(headers["content-type"] ?? "").startsWith(type)) throw refuse(status, headers, text);
    return text;
  };
  return { fetch, close: () => agent.close() };
}

/**
 * At once, on this thread: a page takes two milliseconds. Other threads would each keep memory of their own for it, tens of
 * megabytes in the end.
 */
function unpacked(bytes: Buffer): Buffer {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_TEXT_BYTES });
  } catch (cause) {
    throw notAnAnswer("it does not unpack, or to far too much", cause);
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) throw notAnAnswer(`it is larger than ${MAX_TEXT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function notAnAnswer(why: string, cause?: unknown): SyncError {
  return new SyncError("NOT_AN_ANSWER", `What came in place of a page of reference data is none: ${why}.`, {}, cause);
}
