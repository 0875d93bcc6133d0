import { stallOf, WATCH_EVERY_MS, type Watched } from "@tillsync/lanes";
import type { Clock } from "./ports.ts";
import type { Stall } from "./verbs.ts";

/** Something that has to go on by itself. */
export interface Guarded {
  readonly name: Stall["what"];
  readonly watched: Watched;
  /** Begins what is due, and sets its timer anew; gives up what hangs. */
  repair(stall: "overdue" | "hanging"): void;
}

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly guarded: readonly Guarded[];
  readonly onStall: (stall: Stall) => void;
}

/** The process stood still (suspended, stopped): timers that are due first get their turn before anybody is blamed. */
const LATE_MS = 5_000;

/**
 * Due work exists, so an attempt happened (I12): looks from a timer of its own, repairs what stands still, and says so. It
 * is a net under mistakes of ours and of the platform; in a healthy till it never finds anything.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #nextLookMs = 0;
  #cancelTimer: (() => void) | null = null;
  #stopped = true;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#lookIn(WATCH_EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  /** Those whom it guards call this now and then: its own timer can be lost as theirs can. */
  keepGoing(): void {
    if (this.#options.clock.monotonicMs() > this.#nextLookMs + WATCH_EVERY_MS) this.#lookIn(WATCH_EVERY_MS);
  }

  #lookIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    this.#nextLookMs = this.#options.clock.monotonicMs() + delayMs;
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const { clock, guarded, onStall } = this.#options;
    const nowMs = clock.monotonicMs();
    const stoodStill = nowMs - this.#nextLookMs > LATE_MS;
    this.#lookIn(stoodStill ? LATE_MS : WATCH_EVERY_MS);
    if (stoodStill) return;
    for (const each of guarded) {
      const stall = stallOf(each.watched, nowMs);
      if (stall === null) continue;
      each.repair(stall);
      onStall({
        code: "STALLED",
        what: each.name,
        message: MESSAGES[stall],
        at: new Date(clock.wallMs()).toISOString(),
      });
    }
  }
}

const MESSAGES = {
  overdue: "Something was due for minutes and nothing was attempted; its timer was set anew and it goes on.",
  hanging: "An attempt neither ended nor was given up at its deadline; it was given up now and is made again.",
} as const;
