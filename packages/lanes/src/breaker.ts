/**
 * The circuit breaker of a lane. It is no second mechanism: the slow period of the back-off is the open state, and the
 * attempt that ends it (its time has come, a probe was answered, a person pressed Sync now, a shift closed) the half-open one.
 */
export type Breaker = "closed" | "open" | "half-open";

export type BreakerEvent =
  /** An attempt begins. */
  | "begins"
  /** It was answered as it should be. */
  | "succeeds"
  /** It failed, and the burst goes on. */
  | "fails"
  /** It failed, and the slow period begins or goes on. */
  | "fails-slowly";

/** Every state and event; while it is open, what is sold begins no attempt. */
export const BREAKER: Readonly<Record<Breaker, Readonly<Record<BreakerEvent, Breaker>>>> = {
  closed: { begins: "closed", succeeds: "closed", fails: "closed", "fails-slowly": "open" },
  open: { begins: "half-open", succeeds: "closed", fails: "open", "fails-slowly": "open" },
  "half-open": { begins: "half-open", succeeds: "closed", fails: "open", "fails-slowly": "open" },
};
