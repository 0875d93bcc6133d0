import { MAX_REPLY_CHARACTERS, type Reply } from "@tillsync/lanes";
import { buildConnector, Client, type Dispatcher } from "undici";

/** One call as it goes out. */
export interface WireCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it, milliseconds; a connection is given up after ten seconds as it is. */
  readonly timeoutMs: number;
}

/** Carries one call, once. It never throws: what the network does is a reply. The simulated world has one of its own. */
export type Send = (call: WireCall, signal: AbortSignal) => Promise<Reply>;

/** A connection takes so long at most, in milliseconds. */
const CONNECT_MS = 10_000;

/**
 * Over HTTP. Each call has a connection of its own: whether one was made is then what tells "cannot have arrived" from
 * "may have", and an idle connection that the far end has just dropped never makes the outcome of a sale or a payment unknown.
 */
export const sendByHttp: Send = async (call, signal) => {
  const { origin, pathname, search, host } = new URL(call.url);
  if (signal.aborted) return silenceOf(signal.reason, { host, isConnected: false, isLate: false });
  const connect = buildConnector({ timeout: Math.min(call.timeoutMs, CONNECT_MS) });
  let isConnected = false;
  const client = new Client(origin, {
    connect: (options, callback) =>
      connect(options, (...result: Parameters<typeof callback>) => {
        isConnected ||= result[0] === null;
        callback(...result);
      }),
  });
  const timedOut = AbortSignal.timeout(call.timeoutMs);
  try {
    const answer = await client.request({
      method: call.method,
      path: `${pathname}${search}`,
      headers: { accept: "application/json", ...call.headers },
      body: call.body ?? null,
      signal: AbortSignal.any([signal, timedOut]),
      headersTimeout: call.timeoutMs,
      bodyTimeout: call.timeoutMs,
    });
    return await readReply(answer, host);
  } catch (cause) {
    return silenceOf(cause, { host, isConnected, isLate: timedOut.aborted });
  } finally {
    await client.destroy();
  }
};

async function readReply({ statusCode, headers, body }: Dispatcher.ResponseData, host: string): Promise<Reply> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body as AsyncIterable<Buffer>) {
    text += decoder.decode(piece, { stream: true });
    if (text.length <= MAX_REPLY_CHARACTERS) continue;
    const message = `${host} answered with more than ${MAX_REPLY_CHARACTERS} characters.`;
    return { kind: "silence", arrived: "perhaps", code: "TOO_LARGE", message };
  }
  return { kind: "answer", status: statusCode, text: text + decoder.decode(), ...retryAfterOf(headers) };
}

/** `Retry-After` (RFC 9110 section 10.2.3): seconds, or a moment, which counts from the answer's own `Date`. */
function retryAfterOf(headers: Record<string, string | string[] | undefined>): { retryAfterMs?: number } {
  const given = String(headers["retry-after"] ?? "").trim();
  const waitMs = /^\d{1,9}$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.parse(String(headers.date));
  return Number.isFinite(waitMs) && waitMs >= 0 ? { retryAfterMs: waitMs } : {};
}

interface Trouble {
  readonly host: string;
  readonly isConnected: boolean;
  readonly isLate: boolean;
}

/** Only the code of what went wrong is told: messages of the layers below may quote what was sent. */
function silenceOf(cause: unknown, { host, isConnected, isLate }: Trouble): Reply {
  const found = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const named = /^[A-Z0-9_]{1,60}$/.test(found) ? ` (${found})` : "";
  const arrived = isConnected ? "perhaps" : "no";
  if (isLate || /TIMEOUT/.test(found))
    return { kind: "silence", arrived, code: "TIMED_OUT", message: `${host} did not answer in time${named}.` };
  if (!isConnected)
    return { kind: "silence", arrived, code: "UNREACHABLE", message: `${host} cannot be reached${named}.` };
  return { kind: "silence", arrived, code: "CUT_OFF", message: `${host} was cut off before its answer${named}.` };
}
