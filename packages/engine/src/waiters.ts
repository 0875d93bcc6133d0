import type { Flushed } from "./verbs.ts";

interface Waiter {
  /** What waited to be sent when it was asked for. */
  readonly from: number;
  /** The first attempt that was begun for it: one that was under way already says nothing about now. */
  readonly attempt: number;
  readonly resolve: (result: Flushed) => void;
}

/** Those who asked for everything to be sent now, and want to know how it went. */
export class Waiters {
  #waiters: Waiter[] = [];

  add(from: number, attempt: number): Promise<Flushed> {
    return new Promise((resolve) => this.#waiters.push({ from, attempt, resolve }));
  }

  /** Somebody asked after that attempt had begun. */
  waitsBeyond(attempt: number): boolean {
    return this.#waiters.some((waiter) => waiter.attempt > attempt);
  }

  /** Tells those whose turn ended with that attempt. */
  settle(attempt: number, left: number, reason: Flushed["reason"]): void {
    const waiters = this.#waiters.splice(0);
    this.#waiters = waiters.filter((waiter) => waiter.attempt > attempt);
    for (const waiter of waiters) {
      if (waiter.attempt <= attempt) waiter.resolve({ sent: Math.max(0, waiter.from - left), left, reason });
    }
  }
}
