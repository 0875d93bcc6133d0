import type { Reply } from "@tillsync/lanes";
import { objectOf, wordOf } from "./json.ts";

/** Before it ends, in milliseconds: a call that is under way must not lose it. */
const EARLY_MS = 5 * 60_000;

export type Token = { readonly token: string } | { readonly token: null; readonly why: string };

/**
 * The one token of a consumer key. A new one ends the one before, so everybody waits for the same request, and one that
 * was found bad is renewed once however many found it so.
 */
export class SharedToken {
  readonly #ask: () => Promise<Reply>;
  readonly #monotonicMs: () => number;
  #held: { readonly token: string; readonly untilMs: number } | undefined;
  #underWay: Promise<Token> | undefined;

  constructor(ask: () => Promise<Reply>, monotonicMs: () => number) {
    this.#ask = ask;
    this.#monotonicMs = monotonicMs;
  }

  async get(): Promise<Token> {
    if (this.#held !== undefined && this.#monotonicMs() < this.#held.untilMs) return { token: this.#held.token };
    this.#underWay ??= this.#renew().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Somebody was told that this one is bad; if it was renewed meanwhile, nothing is to be done. */
  bad(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #renew(): Promise<Token> {
    const askedAtMs = this.#monotonicMs();
    const reply = await this.#ask();
    if (reply.kind === "silence") return { token: null, why: reply.message };
    const said = objectOf(reply.text);
    const token = wordOf(said?.access_token);
    const seconds = Number(wordOf(said?.expires_in));
    if (reply.status !== 200 || !token || !(seconds > 0))
      return { token: null, why: `HTTP ${reply.status} ${wordOf(said?.errorCode) ?? "without a token"}` };
    const lifeMs = seconds * 1000;
    this.#held = { token, untilMs: askedAtMs + Math.max(lifeMs - EARLY_MS, lifeMs / 2) };
    return { token };
  }
}
