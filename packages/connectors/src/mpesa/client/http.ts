import { MAX_REPLY_CHARACTERS, type Reply } from "@tillsync/lanes";
import { Agent, request as httpRequest } from "undici";

export interface DarajaRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request once. Never throws for what the network or the far end does. */
export type Send = (request: DarajaRequest, signal: AbortSignal) => Promise<Reply>;

/** A connection takes so long at most, in milliseconds. */
const CONNECT_MS = 10_000;

export function httpSend(timeoutMs: number): { readonly send: Send; readonly close: () => Promise<void> } {
  const agent = new Agent({ connections: 4, pipelining: 1, connect: { timeout: CONNECT_MS } });
  return {
    close: () => agent.close(),
    send: async ({ method, url, headers, body }, signal) => {
      if (signal.aborted) return silence("no", "CUT_OFF");
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await httpRequest(url, {
          method,
          dispatcher: agent,
          headers: { ...headers },
          body: body ?? null,
          signal: AbortSignal.any([signal, timeout]),
        });
        const text = await boundedText(answer.body);
        if (text === undefined) return silence("perhaps", "TOO_LARGE");
        const after = Number(answer.headers["retry-after"] ?? Number.NaN);
        const wait = Number.isFinite(after) && after >= 0 ? { retryAfterMs: after * 1000 } : {};
        return { kind: "answer", status: answer.statusCode, text, ...wait };
      } catch (cause) {
        // Whatever is not certainly before the first byte may have arrived.
        if (neverConnected(cause)) return silence("no", "UNREACHABLE");
        return silence("perhaps", timeout.aborted ? "TIMED_OUT" : "CUT_OFF");
      }
    },
  };
}

async function boundedText(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_CHARACTERS) {
      body.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** These codes mean that there was no connection, whenever they come. */
const BEFORE_ANY_BYTE =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_ALTNAME_INVALID)$|CERT/;

function neverConnected(cause: unknown): boolean {
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.every(neverConnected);
  const { code, syscall } = (cause ?? {}) as { code?: unknown; syscall?: unknown };
  return syscall === "connect" || BEFORE_ANY_BYTE.test(String(code ?? ""));
}

const SAYS = {
  UNREACHABLE: "M-Pesa cannot be reached.",
  TIMED_OUT: "M-Pesa did not answer in time.",
  CUT_OFF: "The connection to M-Pesa broke off.",
  TOO_LARGE: "M-Pesa's answer is larger than any of its answers is.",
} as const;

/** It names neither address nor body: they hold numbers and secrets. */
function silence(arrived: "no" | "perhaps", code: keyof typeof SAYS): Reply {
  return { kind: "silence", arrived, code, message: SAYS[code] };
}
