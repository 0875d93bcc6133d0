import type { ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import { inRelay } from "../db/scope.ts";
import type { Exchanging } from "../http/exchange-route.ts";
import type { Scope } from "../ingest/ports.ts";
import { FIND_UNMERGED } from "./statements.ts";
import { mergeEdits, type RecordContext } from "./writer.ts";

/** How far behind an exchange is looked for edits that it brought: whatever it cannot see is found by the sweep. */
const JUST_NOW_MS = 10 * 60 * 1000;
/** How much further back than it has looked a sweep looks: clocks of servers differ, commits come late, parked edits are tried again. */
const LOOK_BACK_MS = 7 * 24 * 60 * 60 * 1000;
/** The kind as canonical bytes have it. */
const EDIT = '"kind":"customer.edited"';
/** Like a repair it may have an edit applied that came long ago. */
const RETRY = '"kind":"exception.retried"';
/** Longer ago than anything. */
const EVER_MS = Number.MAX_SAFE_INTEGER;

/**
 * Merges edits of shared records behind the exchanges that brought them, one store after the other: no till waits for it.
 * What is due is seen in what is stored, so a sweep finds whatever a crash or another server left.
 */
export class Merging {
  readonly #context: RecordContext;
  readonly #onFailure: (error: unknown) => void;
  #line: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<string>();
  #sweptAtMs: number | null = null;
  #stopped = false;

  constructor(context: RecordContext, onFailure: (error: unknown) => void) {
    this.#context = context;
    this.#onFailure = onFailure;
  }

  around(exchanging: Exchanging): Exchanging {
    return {
      exchange: (scope, requests) =>
        exchanging.exchange(scope, requests).map((answer, index) => this.#behind(scope, answer, requests[index])),
    };
  }

  async #behind(scope: Scope, answering: Promise<ExchangeResponse>, request: ExchangeRequest | undefined) {
    const answer = await answering;
    const { changes = [], repair } = request ?? {};
    if (repair !== undefined || changes.some(({ body }) => body.includes(RETRY))) this.#after(scope, EVER_MS);
    else if (changes.some(({ body }) => body.includes(EDIT))) this.#after(scope, JUST_NOW_MS);
    return answer;
  }

  #after({ orgId, storeId }: Scope, agoMs: number): void {
    const key = `${orgId}/${storeId}/${agoMs}`;
    if (this.#stopped || this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.#line = this.#line
      .then(async () => {
        // From here on, what comes is not seen any more and has to ask again.
        this.#waiting.delete(key);
        if (this.#stopped) return;
        const sinceMs = this.#context.nowMs() - agoMs;
        await mergeEdits(this.#context, { orgId, storeId }, sinceMs);
      })
      .catch(this.#onFailure);
  }

  /** Finds edits of all stores that nobody merged; the first time of a process it goes back to the beginning. Never rejects. */
  async sweep(): Promise<void> {
    try {
      await this.#sweep();
    } catch (error) {
      this.#onFailure(error);
    }
  }

  async #sweep(): Promise<void> {
    const nowMs = this.#context.nowMs();
    const agoMs = this.#sweptAtMs === null ? nowMs : nowMs - this.#sweptAtMs + LOOK_BACK_MS;
    type Row = { orgId: number; storeId: number };
    const since = new Date(Math.max(0, nowMs - agoMs));
    const { rows } = await inRelay(this.#context.pool, (client) => client.query<Row>(FIND_UNMERGED, [since]));
    for (const scope of rows) this.#after(scope, agoMs);
    await this.#line;
    this.#sweptAtMs = nowMs;
  }

  /** Resolves when everything so far was merged. */
  idle(): Promise<void> {
    return this.#line;
  }

  /** Begins nothing any more; what waits is found by a sweep. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#line;
  }
}
