import { MAX_WAIT_MS } from "./plan.ts";

/** How often the watchdog looks. */
export const WATCH_EVERY_MS = 40_000;

/** No plan sleeps longer than `MAX_WAIT_MS`; what is due for twice that has lost its timer. */
export const STALLED_AFTER_MS = 2 * MAX_WAIT_MS;

export interface Watched {
  /** Monotonic; when something was to be begun. */
  readonly dueAtMs: number;
  /** Since when it is under way, monotonic; null while it is not. */
  readonly begunAtMs: number | null;
  /** It should have been given up after this long. */
  readonly deadlineMs: number;
  /** Waits for a person: nothing is due. */
  readonly halted: boolean;
}

/**
 * Due work exists, so an attempt happened (I12). `overdue`: nothing began although its time has passed long ago.
 * `hanging`: what began has neither ended nor been given up at its own deadline.
 */
export function stallOf(
  { dueAtMs, begunAtMs, deadlineMs, halted }: Watched,
  nowMs: number,
): "overdue" | "hanging" | null {
  if (begunAtMs !== null) return nowMs - begunAtMs > deadlineMs + STALLED_AFTER_MS ? "hanging" : null;
  return !halted && nowMs - dueAtMs > STALLED_AFTER_MS ? "overdue" : null;
}
