import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import type { Exchanging } from "../http/exchange-route.ts";
import type { Scope } from "../ingest/ports.ts";
import { giftsFor } from "./gifts.ts";
import { hasToSettle, type SettlementContext, settleAfter } from "./settle.ts";

/** Exchanges whose shifts wait to be judged by this server; past that the sweep finds them. */
const MAX_WAITING = 1_000;

/**
 * What exchanges leave to be judged, one after the other and behind the answers: a till never waits for a judgement, and a
 * thousand tills that close at ten do not read a thousand shifts at once.
 */
export class Settling {
  readonly #context: SettlementContext;
  readonly #onFailure: (error: unknown) => void;
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;
  #stopped = false;

  constructor(context: SettlementContext, onFailure: (error: unknown) => void) {
    this.#context = context;
    this.#onFailure = onFailure;
  }

  /** Exchanges that bring what their tills have lost, and have judged what the requests closed or changed. */
  around(exchanging: Exchanging): Exchanging {
    return {
      exchange: (scope, requests) =>
        exchanging.exchange(scope, requests).map((answer, index) => this.#settled(scope, answer, requests[index])),
    };
  }

  async #settled(
    scope: Scope,
    answering: Promise<ExchangeResponse>,
    request: ExchangeRequest | undefined,
  ): Promise<ExchangeResponse> {
    const answer = await answering;
    if (request === undefined) return answer;
    const { terminal, lacks } = request;
    const { settlements, ingest } = this.#context;
    const stores = { settlements, sha256: ingest.sha256 };
    const give = lacks === undefined ? [] : await giftsFor(stores, scope, { terminal, lacks });
    this.#after(scope, request);
    return give.length === 0 ? answer : { ...answer, give };
  }

  #after(scope: Scope, request: ExchangeRequest): void {
    if (this.#stopped || this.#waiting >= MAX_WAITING || !hasToSettle(request)) return;
    this.#waiting++;
    this.#line = this.#line
      .then(() => (this.#stopped ? undefined : settleAfter(this.#context, scope, request)))
      .catch(this.#onFailure)
      .finally(() => this.#waiting--);
  }

  /** Resolves when everything so far was judged. */
  idle(): Promise<void> {
    return this.#line;
  }

  /** Begins nothing any more; what waits is found by a sweep. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#line;
  }
}
