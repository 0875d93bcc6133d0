import type { Clock } from "@tillsync/engine";
import { isErrorCode, SyncError } from "@tillsync/protocol";
import { Agent, request } from "undici";

/** A running terminal's local HTTP API. */
export interface Target {
  /** Such as `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Needed when the terminal listens beyond its own machine. */
  readonly key?: string | undefined;
  /** Its short id: documents that a file gives to a terminal of this name go here. */
  readonly shortId?: string | undefined;
}

export interface DoorOptions {
  readonly clock: Pick<Clock, "monotonicMs" | "after">;
  /** How long a terminal may give no usable answer before we give up, milliseconds. */
  readonly patienceMs: number;
  /** Called before each wait, with what was wrong. */
  readonly onRetry: (error: SyncError) => void;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** First wait after a failure, doubled up to the last: a killed terminal is back within a second or two. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** One request. A sale takes milliseconds; a terminal busy with a checkpoint of its database may take seconds. */
const REQUEST_TIMEOUT_MS = 15_000;

/** These codes are marked retryable for lanes, which renew their keys; the key of an import does not change by waiting. */
const NEVER_RETRIED: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);

/**
 * The way to one terminal, which may be killed and restarted at any moment. Every request here is safe to send again
 * (localIds; shifts are looked at first), so whatever gives no clear answer is asked again until patience ends.
 */
export class TerminalDoor {
  readonly #target: Target;
  readonly #options: DoorOptions;
  readonly #agent = new Agent({ connections: 1, pipelining: 1, connect: { timeout: 5_000 } });

  /** @throws SyncError INVALID_INPUT when the target's URL is none */
  constructor(target: Target, options: DoorOptions) {
    if (!/^https?:$/.test(URL.parse(target.url)?.protocol ?? "")) {
      const expected = "an address such as http://127.0.0.1:7070";
      throw new SyncError("INVALID_INPUT", `The terminal must be ${expected}; got "${target.url}".`, {
        field: "url",
        expected,
        got: target.url,
      });
    }
    this.#target = target;
    this.#options = options;
  }

  get url(): string {
    return this.#target.url;
  }

  get shortId(): string | undefined {
    return this.#target.shortId;
  }

  /** @throws SyncError with the terminal's code for a refusal; UNREACHABLE when patience ends; the signal's reason */
  async ask(method: "GET" | "POST", path: string, body?: object): Promise<Answer> {
    const { clock, patienceMs, onRetry, signal } = this.#options;
    const startMs = clock.monotonicMs();
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      signal?.throwIfAborted();
      const answer = await this.#once(method, path, body);
      if (!(answer instanceof SyncError)) return answer;
      if (!answer.retryable || NEVER_RETRIED.has(answer.code)) throw answer;
      if (clock.monotonicMs() - startMs + waitMs > patienceMs) throw this.#gaveUp(answer);
      onRetry(answer);
      await new Promise<void>((resume) => clock.after(waitMs, resume));
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #once(method: "GET" | "POST", path: string, body: object | undefined): Promise<Answer | SyncError> {
    const { key } = this.#target;
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const content = body === undefined ? {} : { "content-type": "application/json" };
    let status: number;
    let text: string;
    try {
      const answer = await request(new URL(path, this.#target.url), {
        method,
        headers: { ...authorization, ...content },
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: this.#agent,
        headersTimeout: REQUEST_TIMEOUT_MS,
        bodyTimeout: REQUEST_TIMEOUT_MS,
        signal: this.#options.signal ?? null,
      });
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (cause) {
      // The terminal may have recorded it before the line broke: unknown, so it is asked again with the same localId.
      return new SyncError("UNREACHABLE", `The terminal at ${this.#target.url} does not answer.`, {}, cause);
    }
    return answerOf(status, text);
  }

  #gaveUp(last: SyncError): SyncError {
    const seconds = Math.round(this.#options.patienceMs / 1000);
    const message = `The terminal at ${this.#target.url} gave no usable answer for ${seconds} s (${last.message}) Start it and run the import again: it continues where it stopped.`;
    return new SyncError("UNREACHABLE", message, { lastCode: last.code }, last);
  }
}

function answerOf(status: number, text: string): Answer | SyncError {
  const body = objectIn(text);
  if (status < 400 && body !== undefined) return { status, body };
  const error = body?.error;
  if (error !== null && typeof error === "object" && "code" in error && isErrorCode(error.code)) {
    const message = "message" in error && typeof error.message === "string" ? error.message : error.code;
    return new SyncError(error.code, message, { ...error });
  }
  return new SyncError("NOT_AN_ANSWER", `What answers there is no terminal (HTTP ${status}).`);
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
