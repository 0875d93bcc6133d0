import type { LaneTime } from "../item-lane.ts";

/** Friday 16 January 2026, 08:00 UTC. */
const MORNING_MS = Date.UTC(2026, 0, 16, 8);

interface Timer {
  readonly atMs: number;
  readonly fn: () => void;
}

/** Time that stands still until a test moves it. */
export class LaneClock implements LaneTime {
  #passedMs = 0;
  #timers: Timer[] = [];

  wallMs(): number {
    return MORNING_MS + this.#passedMs;
  }

  monotonicMs(): number {
    return this.#passedMs;
  }

  get waiting(): number {
    return this.#timers.length;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#passedMs + Math.max(0, delayMs), fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on; what was due meanwhile goes off in its order. */
  advance(ms: number): void {
    this.#passedMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#passedMs).sort((a, b) => a.atMs - b.atMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { fn } of due) fn();
  }
}
