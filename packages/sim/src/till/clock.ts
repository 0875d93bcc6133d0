import type { Clock } from "@tillsync/engine";
import type { Timeline } from "../timeline.ts";

/** 16 January 2026, 06:00 UTC: when every run begins. */
export const BEGIN_WALL_MS = Date.UTC(2026, 0, 16, 6);

/** Whether a process still runs. What it asks for after its end is never done. */
export interface Life {
  alive: boolean;
}

/** The clock chip of a machine: it survives crashes, runs too fast or too slow, and people set it. */
export class Chip {
  readonly #timeline: Timeline;
  readonly rate: number;
  #offsetMs = 0;
  #losesNext = false;

  /** @param rate seconds it counts in a true second */
  constructor(timeline: Timeline, rate: number) {
    this.#timeline = timeline;
    this.rate = rate;
  }

  wallMs(): number {
    return Math.round(BEGIN_WALL_MS + this.#timeline.nowMs * this.rate + this.#offsetMs);
  }

  /** Somebody sets the clock, or a time server does. */
  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  set(wallMs: number): void {
    this.#offsetMs += wallMs - this.wallMs();
  }

  /** The next timer that would go off does not, and never will: a mistake of the platform, or of ours. */
  loseTimer(): void {
    this.#losesNext = true;
  }

  /** Timers go off again; one that was lost stays lost. */
  keepTimers(): void {
    this.#losesNext = false;
  }

  /** The clock as one process sees it: its monotonic time begins anew with each boot, and its timers die with it. */
  boot(life: Life, monotonicStartMs: number): Clock {
    const bootedAtMs = this.#timeline.nowMs;
    return {
      wallMs: () => this.wallMs(),
      monotonicMs: () => monotonicStartMs + (this.#timeline.nowMs - bootedAtMs) * this.rate,
      // As `setTimeout`: whole milliseconds, at least one.
      after: (delayMs, fn) =>
        this.#timeline.after(Math.max(1, Math.trunc(delayMs)) / this.rate, () => {
          if (!life.alive) return;
          if (this.#losesNext) this.#losesNext = false;
          else fn();
        }),
    };
  }
}
