import type { Clock } from "../ports.ts";

interface Timer {
  readonly atMs: number;
  readonly fn: () => void;
}

/** Friday 16 January 2026, 08:00 UTC. */
export const MORNING_MS = Date.UTC(2026, 0, 16, 8);

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #wallMs = MORNING_MS;
  #monotonicMs = 1_000;
  #timers: Timer[] = [];

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer; undefined when none is set. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.atMs - this.#monotonicMs;
  }

  /** Moves both clocks on; timers go off in their order, and what each starts runs before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await settled();
    for (let timer = this.#next(); timer !== undefined && timer.atMs <= endMs; timer = this.#next()) {
      this.#moveTo(Math.max(timer.atMs, this.#monotonicMs));
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      due.fn();
      await settled();
    }
    this.#moveTo(endMs);
  }

  /** Somebody sets the clock; what waits is not moved by it. */
  jump(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** The process stands still this long (suspended, stopped): whatever becomes due goes off late, in its order. */
  async standStill(ms: number): Promise<void> {
    this.#moveTo(this.#monotonicMs + ms);
    await this.advance(0);
  }

  /** Timers that go off in so many milliseconds are lost, by a mistake of ours or of the platform. @returns how many */
  lose(inMs: number): number {
    const before = this.#timers.length;
    this.#timers = this.#timers.filter(({ atMs }) => atMs - this.#monotonicMs !== inMs);
    return before - this.#timers.length;
  }

  /** The process is gone, and its timers with it. */
  forget(): void {
    this.#timers = [];
  }

  #next(): Timer | undefined {
    return this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Lets everything run that waits for no timer. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
