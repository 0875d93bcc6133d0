import { parseAs, SyncError, type TokenAnswer, tokenAnswer } from "@tillsync/protocol";
import type { Clock } from "./ports.ts";

/** How requests to the centre show who sends them. */
export interface Credential {
  /**
   * What to show now. It may have to be fetched first.
   *
   * @throws SyncError UNREACHABLE, TIMED_OUT, NOT_AN_ANSWER, or the code the centre gave
   */
  shown(correlationId: string): Promise<string>;
  /** The centre did not take it. @returns true when there will be another one, so that it is worth asking again at once */
  refused(shown: string): boolean;
}

/** A text that stays the same, from `tillsync enroll`. */
export function fixedKey(key: string): Credential {
  return { shown: async () => key, refused: () => false };
}

/**
 * Asks the centre for something with a credential. One that is not taken is asked with once more when there is another: a
 * token may have ended on the way, by a clock that is not ours. Whatever is refused then pauses whoever asked.
 */
export async function showing<T>(
  credential: Credential,
  correlationId: string,
  ask: (shown: string) => Promise<T>,
): Promise<T> {
  const first = await credential.shown(correlationId);
  try {
    return await ask(first);
  } catch (error) {
    const code = error instanceof SyncError ? error.code : undefined;
    if (code !== "UNAUTHENTICATED" && code !== "FORBIDDEN") throw error;
    // What this terminal may not do, another token does not change at once; the next attempt begins with one.
    if (!credential.refused(first) || code === "FORBIDDEN") throw error;
  }
  return ask(await credential.shown(correlationId));
}

/** What tokens are made with. No time, chance, disk or network of their own. */
export interface TokenSource {
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  /** Signs an assertion that is good from `nowS` on, by the centre's clock in seconds. Each one is new. */
  sign(nowS: number): string;
  /** The grant that is kept; undefined before there is one. */
  grant(): string | undefined;
  /** Keeps another grant. It may fail: the next answer brings it again. */
  keepGrant(grant: string): void;
  /** `POST /api/token`: the answer's JSON. @throws SyncError as `Credential.shown` */
  ask(body: { readonly assertion: string; readonly grant?: string }, correlationId: string): Promise<unknown>;
}

/** A token is renewed while it is still good for a fifth of its life, so that no exchange has to wait for it. */
const RENEW_AT = 0.8;
/** A background renewal that failed is not tried again before this; the token is still good meanwhile. */
const PATIENCE_MS = 30_000;
/** Differences of clocks that an assertion takes anyway. */
const SAME_CLOCK_MS = 5_000;

interface Held {
  readonly token: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/**
 * Tokens of the centre for what this terminal's key signs, fetched when there is none, renewed before they end, one
 * renewal at a time. Lifetimes are measured by the monotonic clock from the moment of asking, and the centre's time by its
 * own answers: the wall clock of the till may be years off, and may be set at any moment.
 */
export class Tokens implements Credential {
  readonly #source: TokenSource;
  #held: Held | undefined;
  /** The centre's clock less our monotonic one; unknown before it answered. */
  #offsetMs: number | undefined;
  #renewal: Promise<string> | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #access: TokenAnswer["access"] = "active";

  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** What the centre said last: whether this machine may do everything, or deliver only. */
  get access(): TokenAnswer["access"] {
    return this.#access;
  }

  async shown(correlationId: string): Promise<string> {
    const nowMs = this.#source.clock.monotonicMs();
    const held = this.#held;
    if (held === undefined || nowMs >= held.endsAtMs) return this.#renew(correlationId);
    if (nowMs >= held.renewAtMs && nowMs >= this.#notBeforeMs) {
      this.#notBeforeMs = nowMs + PATIENCE_MS;
      // Not waited for: the present one is good. Should it fail, it is tried again, and told when there is none left.
      this.#renew(correlationId).catch(() => {});
    }
    return held.token;
  }

  refused(shown: string): boolean {
    // A later one may be there already, fetched by another request meanwhile.
    if (this.#held?.token === shown) this.#held = undefined;
    return true;
  }

  #renew(correlationId: string): Promise<string> {
    this.#renewal ??= this.#fetch(correlationId).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #fetch(correlationId: string): Promise<string> {
    const usedMs = this.#centreMs();
    try {
      return await this.#askOnce(usedMs, correlationId);
    } catch (error) {
      const told = error instanceof SyncError ? error.details.serverTimeMs : undefined;
      if (typeof told !== "number" || !Number.isSafeInteger(told)) throw error;
      this.#offsetMs = told - this.#source.clock.monotonicMs();
      // Only a clock that was wrong is a reason to sign again.
      if (Math.abs(told - usedMs) <= SAME_CLOCK_MS) throw error;
      return this.#askOnce(told, correlationId);
    }
  }

  async #askOnce(nowMs: number, correlationId: string): Promise<string> {
    const { clock, sign, grant, keepGrant, ask } = this.#source;
    const kept = grant();
    const askedAtMs = clock.monotonicMs();
    const body = { assertion: sign(Math.floor(nowMs / 1000)), ...(kept === undefined ? {} : { grant: kept }) };
    const answer = parseAs(tokenAnswer, await ask(body, correlationId), "NOT_AN_ANSWER");
    // From when it was asked for, so that it is never thought good for longer than it is.
    const lifeMs = answer.expiresInS * 1000;
    this.#held = { token: answer.token, renewAtMs: askedAtMs + lifeMs * RENEW_AT, endsAtMs: askedAtMs + lifeMs };
    this.#offsetMs = answer.serverTimeMs - clock.monotonicMs();
    this.#access = answer.access;
    if (answer.grant !== kept) keepGrant(answer.grant);
    return answer.token;
  }

  #centreMs(): number {
    const { clock } = this.#source;
    return this.#offsetMs === undefined ? clock.wallMs() : clock.monotonicMs() + this.#offsetMs;
  }
}
