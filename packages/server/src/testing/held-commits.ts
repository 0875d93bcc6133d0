import type { IngestStore, IngestTransaction } from "../ingest/ports.ts";

/**
 * Holds some transactions open between storing and the feed, where a slow disk or a stopped server would: their rows
 * have their time of receipt, and are committed after rows of a later one. For tests.
 */
export class HeldCommits {
  /** Says of the n-th transaction that stores something (from 1) whether it is held. */
  readonly #isHeld: (n: number) => boolean;
  readonly #held = new Set<{ readonly until: number; readonly release: () => void }>();
  #stored = 0;
  #commits = 0;
  #writers: number;
  readonly #firstHeld = Promise.withResolvers<void>();
  /** How many were held. */
  count = 0;

  /** @param writers how many write at the same time; a held one waits for the others, so one of them has to be free */
  constructor(writers: number, isHeld: (n: number) => boolean) {
    this.#writers = writers;
    this.#isHeld = isHeld;
  }

  /** The same store, with some of its transactions held. */
  wrap(store: IngestStore): IngestStore {
    return {
      serverEpoch: store.serverEpoch,
      transaction: async (scope, fn) => {
        const result = await store.transaction(scope, (tx) => fn(this.#slow(tx)));
        this.#commits += 1;
        return result;
      },
    };
  }

  /** Resolves once a transaction is held. */
  get held(): Promise<void> {
    return this.#firstHeld.promise;
  }

  /** Counts the commits that whoever calls `done` has surely seen: those of before it began to read. */
  reading(): { done(): void } {
    const seen = this.#commits;
    const done = () => {
      for (const held of [...this.#held]) if (held.until <= seen) held.release();
    };
    return { done };
  }

  /** One writer has nothing more to write; those that are held wait for nobody who does not come. */
  writerEnds(): void {
    this.#writers -= 1;
    if (this.#held.size >= this.#writers) this.releaseAll();
  }

  releaseAll(): void {
    for (const held of [...this.#held]) held.release();
  }

  #slow(tx: IngestTransaction): IngestTransaction {
    return new Proxy(tx, {
      get: (target, name) => {
        // Step by step: at once, there is nothing between storing and the feed.
        if (name === "storeAtOnce") return undefined;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        const method = member.bind(target);
        if (name !== "appendFeed") return method;
        return async (...args: unknown[]) => {
          await this.#hold();
          return method(...args);
        };
      },
    });
  }

  #hold(): Promise<void> {
    this.#stored += 1;
    // Two at most: five requests of a store run at a time.
    if (!this.#isHeld(this.#stored) || this.#held.size >= Math.min(2, this.#writers - 1)) return Promise.resolve();
    this.count += 1;
    return new Promise((resolve) => {
      // So many commits that one of them began after this transaction, and is of a later time.
      const until = this.#commits + this.#writers + 1;
      const release = () => {
        this.#held.delete(held);
        resolve();
      };
      const held = { until, release };
      this.#held.add(held);
      this.#firstHeld.resolve();
    });
  }
}
