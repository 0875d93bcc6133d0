import { type ExchangeRequest, type ExchangeResponse, isToldWhole, type Sha256, SyncError } from "@tillsync/protocol";

/**
 * Looks at what an answer tells of others before anything of it is believed. What does not fit its check was altered on
 * the way or put together wrongly: the answer counts as none, and the same is asked for again. When it does not fit then
 * either, nothing on the way is to blame, and the rest of the answer is taken without it: no byte of somebody else's keeps
 * this till from sending.
 */
export class ToldCheck {
  readonly #sha256: Sha256;
  /** The cursor whose answer was refused last; undefined when none was. */
  #refused: string | null | undefined;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** @throws SyncError NOT_AN_ANSWER */
  believed({ cursor }: ExchangeRequest, answer: ExchangeResponse): ExchangeResponse {
    const entries = answer.entries.filter((entry) => isToldWhole(this.#sha256, entry));
    if (entries.length === answer.entries.length) return answer;
    if (this.#refused !== cursor) {
      this.#refused = cursor;
      const message =
        "What the answer tells of other terminals is not what the centre had checked: it changed on the way.";
      throw new SyncError("NOT_AN_ANSWER", message, { field: "entries" });
    }
    return { ...answer, entries };
  }
}
