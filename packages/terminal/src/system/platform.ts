import { randomUUID } from "node:crypto";

/** Calls `fn` every `delayMs` until the returned function is called. Does not keep the process alive. */
export type Every = (delayMs: number, fn: () => void) => () => void;

export const every: Every = (delayMs, fn) => {
  const timer = setInterval(fn, delayMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** A correlation id for a request that brought none. */
export function newCorrelationId(): string {
  return randomUUID();
}

/** Wall time, milliseconds since 1970. */
export function wallMs(): number {
  return Date.now();
}
