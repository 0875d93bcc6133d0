import { type ExchangeRequest, type ExchangeResponse, isToldWhole, type Sha256, SyncError } from "@tillsync/protocol";

/**
 * Looks at what an answer tells of others before anything of it is believed. What does not fit its check was altered on
 * the way or put together wrongly: the answer counts as none, and the same is asked for again. When the same bytes come
 * again, nothing on the way is to blame, and the rest of the answer is taken without them: no byte of somebody else's keeps
 * this till from sending.
 */
export class ToldCheck {
  readonly #sha256: Sha256;
  /** What did not fit in the answer that was refused last. */
  #refused: string | undefined;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** @throws SyncError NOT_AN_ANSWER */
  believed({ cursor }: ExchangeRequest, answer: ExchangeResponse): ExchangeResponse {
    const [entries, misfits] = partition(answer.entries, (entry) => isToldWhole(this.#sha256, entry));
    if (misfits.length === 0) return answer;
    const what = this.#sha256(JSON.stringify([cursor, misfits]));
    if (this.#refused !== what) {
      this.#refused = what;
      const message =
        "What the answer tells of other terminals is not what the centre had checked: it changed on the way.";
      throw new SyncError("NOT_AN_ANSWER", message, { field: "entries" });
    }
    return { ...answer, entries };
  }
}

function partition<T>(all: readonly T[], fits: (one: T) => boolean): [T[], T[]] {
  const parts: [T[], T[]] = [[], []];
  for (const one of all) parts[fits(one) ? 0 : 1].push(one);
  return parts;
}
