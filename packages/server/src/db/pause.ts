import { randomInt } from "node:crypto";
import { setTimeout } from "node:timers/promises";

const FIRST_PAUSE_MS = 10;

/**
 * Waits before a transaction that lost against another one runs again: a random time, so that the two do not meet a
 * second time, up to 20, 40, 80, 160, 320 ms.
 *
 * @param attempt how often it ran already, from 1
 */
export function pauseBeforeRetry(attempt: number): Promise<void> {
  return setTimeout(randomInt(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 5) + 1));
}
