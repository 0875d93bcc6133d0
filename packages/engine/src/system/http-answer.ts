import {
  type ErrorDetails,
  type ExchangeResponse,
  exchangeResponse,
  isErrorCode,
  parseAs,
  SyncError,
} from "@tillsync/protocol";
import type { Dispatcher } from "undici";
import { unpacked } from "./unpacked.ts";

/** No answer of the centre is larger: entries and bodies are bounded by its own limits. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** The text of an answer, as long as it is one of ours. @throws SyncError NOT_AN_ANSWER */
export async function readText({ body, headers }: Pick<Dispatcher.ResponseData, "body" | "headers">): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new SyncError(
        "NOT_AN_ANSWER",
        `The answer is larger than ${MAX_ANSWER_BYTES} bytes; no answer of the centre is.`,
      );
    chunks.push(chunk);
  }
  return unpacked(Buffer.concat(chunks), headers["content-encoding"], MAX_ANSWER_BYTES);
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
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What went wrong on the way, said as what it means for the lane. */
export function asNetworkError(cause: unknown, url: string): SyncError {
  if (cause instanceof SyncError) return cause;
  if (
    cause instanceof Error &&
    (cause.name === "TimeoutError" || /timeout/i.test(`${(cause as { code?: string }).code}`))
  ) {
    return new SyncError("TIMED_OUT", `${url} did not answer in time.`, {}, cause);
  }
  return new SyncError("UNREACHABLE", `${url} cannot be reached.`, {}, cause);
}
