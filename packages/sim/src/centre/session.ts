import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import type { Locks } from "./locks.ts";

/** Every named moment of a transaction of ingest. What is "after" one statement is "before" the next one. */
export const POINTS = [
  "before lock",
  "before hashes",
  "before keepForks",
  "before compare",
  "before feedAfter",
  "before damaged",
  "before repair",
  "before knownChangeIds",
  "before blocked",
  "before standings",
  "before effectsOf",
  "before store",
  "before advance",
  "before seen",
  "before apply",
  "before events",
  "before setPending",
  "before pending",
  "before document",
  "before setEffect",
  "before appendFeed",
  "before renewFeed",
  "before rejudge",
  "before judge",
  "before record",
  "before commit",
  "after commit",
] as const;

export type Point = (typeof POINTS)[number];

/**
 * How often a server dies at points on ways that are seldom taken (after a fork, a damaged row, a batch that could not be
 * applied), if servers die at points at all: at the common rate, hardly any would ever die there.
 */
export const RARE_POINTS: { readonly [point in Point]?: number } = {
  "before hashes": 0.05,
  "before keepForks": 0.5,
  "before compare": 0.2,
  "before damaged": 0.2,
  "before repair": 0.5,
  "before knownChangeIds": 0.1,
  "before setPending": 0.1,
  "before pending": 0.1,
  "before document": 0.1,
  "before setEffect": 0.05,
  "before renewFeed": 0.5,
  "before rejudge": 0.05,
  "before judge": 0.05,
  "before record": 0.05,
};

/** A server process, as far as its transactions care. */
export interface Owner {
  /** A named moment of a transaction. The process may decide to die here, and then `vanish`es. */
  reached(point: Point): void;
}

export interface SessionOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly locks: Locks;
  /** Called at each point; what it throws is what PostgreSQL answers there. */
  readonly atPoint: (point: Point) => void;
  readonly onEnd: (session: Session) => void;
}

/** A statement and its way to the database, at most. */
const STATEMENT_MS = 2;

/** One database connection in one transaction: where it waits, which locks it holds, and how it can end. */
export class Session {
  readonly owner: Owner;
  readonly #options: SessionOptions;
  readonly #lost: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #cancel: () => void = () => {};
  #over = false;

  constructor(owner: Owner, options: SessionOptions) {
    this.owner = owner;
    this.#options = options;
    this.#lost = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    this.#lost.catch(() => {}); // whoever works in this session hears of it; nobody need be
  }

  /** Lets others work for a moment. Where a crash, a conflict or a lost connection strikes. */
  pause(point: Point): Promise<void> {
    const waited = new Promise<void>((resolve, reject) => {
      this.#cancel = this.#options.timeline.after(this.#options.random.float() * STATEMENT_MS, () => {
        this.owner.reached(point);
        if (this.#over) return;
        try {
          this.#options.atPoint(point);
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    return this.#unlessLost(waited);
  }

  /** @throws Conflict when waiting would be a deadlock */
  lock(key: string): Promise<void> {
    // A lock that was given at the moment of the end lets its statement go on; the next one would never be given back.
    if (this.#over) return this.#lost;
    return this.#unlessLost(this.#options.locks.acquire(this, key));
  }

  lockCount(): number {
    return this.#options.locks.count(this);
  }

  /** Row locks end with the transaction, or with the savepoint after which they were taken. */
  unlock(keep = 0): void {
    this.#options.locks.release(this, keep);
  }

  /** The process is gone. Whoever waits in this session waits for ever, which is how a dead process looks to its own code. */
  vanish(): void {
    this.#over = true;
    this.#cancel();
    this.unlock();
    this.#options.onEnd(this);
  }

  /** The database is gone; the process hears of it. */
  lose(error: unknown): void {
    this.vanish();
    this.#fail(error);
  }

  end(): void {
    if (!this.#over) this.vanish();
  }

  #unlessLost<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#lost]);
  }
}
