import { zstdDecompressSync } from "node:zlib";
import { SyncError } from "@tillsync/protocol";
import { Agent, type Dispatcher, request as httpRequest } from "undici";
import { type Credential, showing } from "../credential.ts";
import type { FetchRequest, Lines } from "../ports.ts";
import { centreUrl } from "./centre-url.ts";

const LINE_FEED = 10;

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
  const fetch = (request: FetchRequest, signal: AbortSignal, correlationId: string): Promise<Lines> =>
    showing(options.credential, correlationId, (shown) => ask(request, signal, { shown, correlationId }));
  const ask = async (
    { path, type }: FetchRequest,
    signal: AbortSignal,
    { shown, correlationId }: { shown: string; correlationId: string },
  ): Promise<Lines> => {
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
    const plain = headers["content-encoding"] === "zstd" ? unpacked(bytes) : bytes;
    if (status !== 200 || !String(headers["content-type"] ?? "").startsWith(type))
      throw refuse(status, headers, plain.toString("utf8"));
    if (type === "application/x-ndjson" && plain.at(-1) !== LINE_FEED)
      throw notAnAnswer("it ends in the middle of a line");
    return { read: () => linesIn(plain), free: () => free(plain) };
  };
  return { fetch, close: () => agent.close() };
}

/** Pages live long enough to grow old, and then wait for a collection that a pull may not see: 25 MiB of them in the end. */
function free({ buffer, length }: Buffer): void {
  const isItsOwn = buffer instanceof ArrayBuffer && buffer.byteLength === length;
  if (isItsOwn) buffer.transfer(0);
}

/**
 * The lines of a text that stays packed as UTF-8: each is made when it is read, and gone before the next one. A page as one
 * string would be several times as large where one of its names is not in Latin letters, and take as long to make as all
 * of its lines to parse.
 */
function* linesIn(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, at);
    const to = end < 0 ? bytes.length : end;
    yield bytes.toString("utf8", at, to);
    at = to + 1;
  }
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
