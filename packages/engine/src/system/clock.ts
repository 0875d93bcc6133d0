import type { Clock } from "../ports.ts";

/** `setTimeout` counts in 31 bits: a longer delay would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fn) => {
    if (delayMs <= 0) return atOnce(fn);
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : fn()), stepMs);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};

/** Behind what has come in meanwhile, and without the millisecond that a timer takes at least. */
function atOnce(fn: () => void): () => void {
  const immediate = setImmediate(fn);
  return () => clearImmediate(immediate);
}
