import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import {
  type ErrorDetails,
  type ExchangeRequest,
  type ExchangeResponse,
  exchangeResponse,
  isErrorCode,
  parseAs,
  RELEASE,
  RELEASE_HEADER,
  SyncError,
} from "@tillsync/protocol";
import { Agent, request as httpRequest } from "undici";
import type { Transport } from "../ports.ts";
import { centreUrl } from "./centre-url.ts";
import { httpFetch } from "./http-fetch.ts";

const compress = promisify(zstdCompress);

/**
 * The lowest level: sales are so alike that the default packs them within a few percent of the same size, for a third more
 * of the till's time. Pieces as large as a batch comes out, so that the thread is woken once for it.
 */
const PACKING = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 128 * 1024 };

/** Below this a body is not worth compressing. */
const COMPRESS_FROM_BYTES = 512;

/** No answer of the centre is larger: entries and bodies are bounded by its own limits. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export interface HttpTransportOptions {
  /** Base URL of the centre, such as `https://sync.example`. */
  readonly url: string;
  readonly key: string;
  /** For one whole exchange, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * The way to the centre over HTTP: one keep-alive connection, a second one only while two exchanges are in flight;
 * compressed bodies, a deadline for the whole exchange.
 *
 * @throws SyncError CONFIG_INVALID when the URL is none
 */
export function httpTransport({
  url,
  key,
  timeoutMs = 30_000,
}: HttpTransportOptions): Transport & { close(): Promise<void> } {
  const target = centreUrl(url, "api/sync/exchange");
  const options = { connections: 1, pipelining: 1, connect: { timeout: 5_000 }, keepAliveTimeout: 60_000 };
  const usual = new Agent(options);
  const spare = new Agent(options);
  const modules = httpFetch({ url, key, timeoutMs }, readRefusal);
  let isBusy = false;
  return {
    timeoutMs,
    close: async () => {
      await Promise.all([usual.close(), spare.close(), modules.close()]);
    },
    fetch: async (request, signal, correlationId) => {
      try {
        return await modules.fetch(request, signal, correlationId);
      } catch (cause) {
        throw asNetworkError(cause, url);
      }
    },
    exchange: async (request, signal, correlationId) => {
      const dispatcher = isBusy ? spare : usual;
      isBusy = true;
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const authorization = `Bearer ${key}`;
      try {
        const { body, headers } = await encode(request);
        const answer = await httpRequest(target, {
          method: "POST",
          dispatcher,
          signal: deadline,
          headers: { ...headers, authorization, "x-correlation-id": correlationId, [RELEASE_HEADER]: RELEASE },
          body,
        });
        const text = await readBounded(answer.body);
        return readAnswer(answer.statusCode, answer.headers, text);
      } catch (cause) {
        throw asNetworkError(cause, url);
      } finally {
        if (dispatcher === usual) isBusy = false;
      }
    },
  };
}

async function encode(request: ExchangeRequest): Promise<{ body: string | Buffer; headers: Record<string, string> }> {
  const text = JSON.stringify(request);
  const headers = { "content-type": "application/json", accept: "application/json" };
  if (text.length < COMPRESS_FROM_BYTES) return { body: text, headers };
  return { body: await compress(text, PACKING), headers: { ...headers, "content-encoding": "zstd" } };
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new SyncError(
        "NOT_AN_ANSWER",
        `The answer is larger than ${MAX_ANSWER_BYTES} bytes; no answer of the centre is.`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Only a body of the exact shape is an answer: a captive portal's 200, cut-off JSON or a proxy's page are not. */
export function readAnswer(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  text: string,
): ExchangeResponse {
  if (status !== 200) throw readRefusal(status, headers, text);
  return readSuccess(saysJson(headers) ? parseJson(text) : undefined);
}

/** What an answer that is no success, or not of the type that was asked for, says: the centre's own code, or that it is somebody else's. */
export function readRefusal(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  text: string,
): SyncError {
  const body = saysJson(headers) ? parseJson(text) : undefined;
  const { code, message, ...details } = errorOf(body);
  const facts = retryAfterOf(headers);
  if (isErrorCode(code)) {
    const sentence = typeof message === "string" ? message : `The centre refused with ${code}.`;
    // Our own doors say it to the millisecond.
    return new SyncError(code, sentence, { ...facts, ...details });
  }
  if (status === 413)
    return new SyncError("TOO_LARGE", "Something before the centre finds the request too large.", facts);
  return notAnAnswer(status, facts);
}

/** The centre always says so; whoever says that it is something else is somebody else. */
function saysJson(headers: Record<string, string | string[] | undefined>): boolean {
  return /^application\/json\b/i.test(String(headers["content-type"] ?? "application/json"));
}

/** `Retry-After` (RFC 9110 section 10.2.3): seconds, or a moment, which counts from the answer's own `Date`. */
function retryAfterOf(headers: Record<string, string | string[] | undefined>): { retryAfterMs?: number } {
  const given = String(headers["retry-after"] ?? "").trim();
  const waitMs = /^\d{1,9}$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.parse(String(headers.date));
  return Number.isFinite(waitMs) && waitMs >= 0 ? { retryAfterMs: waitMs } : {};
}

function readSuccess(body: unknown): ExchangeResponse {
  try {
    return parseAs(exchangeResponse, body, "NOT_AN_ANSWER");
  } catch (cause) {
    throw notAnAnswer(200, {}, cause);
  }
}

function notAnAnswer(status: number, facts: ErrorDetails, cause?: unknown): SyncError {
  const message = `Something answered in the centre's place (HTTP ${status}): a captive portal, a proxy, or another version.`;
  return new SyncError("NOT_AN_ANSWER", message, { status, ...facts }, cause);
}

function errorOf(body: unknown): Readonly<Record<string, unknown>> {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return typeof error === "object" && error !== null ? { ...error } : {};
}

/** @returns undefined for what is not JSON; no answer of the centre is that */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asNetworkError(cause: unknown, url: string): SyncError {
  if (cause instanceof SyncError) return cause;
  if (
    cause instanceof Error &&
    (cause.name === "TimeoutError" || /timeout/i.test(`${(cause as { code?: string }).code}`))
  ) {
    return new SyncError("TIMED_OUT", `${url} did not answer in time.`, {}, cause);
  }
  return new SyncError("UNREACHABLE", `${url} cannot be reached.`, {}, cause);
}
