/** How a store wants its tills to sync; design section 2. */
export type Profile = "shift" | "continuous" | "live";

/** The pace of a profile: how often an idle lane asks, and how long it waits between attempts once a burst has failed. */
export interface Pace {
  readonly intervalMs: number;
  readonly slowMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** One table for all profiles (000: every 20 minutes; 001 and 004: 30 s, `retryDelayMinutes` 5; live: a server hint). */
export const PACES: Readonly<Record<Profile, Pace>> = {
  shift: { intervalMs: 20 * MINUTE, slowMs: 20 * MINUTE },
  continuous: { intervalMs: 30 * SECOND, slowMs: 5 * MINUTE },
  live: { intervalMs: 10 * SECOND, slowMs: MINUTE },
};

/** Ceilings of the fast burst, 1, 2, 4, 8, 16 s; each wait is drawn below its ceiling ("full jitter", AWS Architecture Blog 2015). */
const BURST_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

/** A server may slow us down, but never send us away for good. */
const RETRY_AFTER_CAP_MS = 10 * MINUTE;

/** All tills of a town get the same `Retry-After` at the same moment. They come back spread over this, or a fifth of the wait. */
const RETRY_AFTER_SPREAD_MS = 10 * SECOND;

export interface Failure {
  /** Failures in a row, this one included: from 1. */
  readonly failures: number;
  /** `throttled`: the answer was "slow down" (429, 503). `pause`: no hurry helps (401, 403, 426). */
  readonly wait: "burst" | "throttled" | "pause";
  readonly retryAfterMs: number | undefined;
  /** In [0, 1). */
  readonly jitter: number;
}

/**
 * How long to wait after a failure: the first retry at once (not when throttled), then the burst, then the slow period of
 * the profile for ever. Nothing gives up (I11). The slow period is jittered by a fifth, so that a town of tills that lost
 * its link together does not come back in the same second.
 */
export function retryDelayMs(pace: Pace, failure: Failure): number {
  return Math.max(retryAfterDelayMs(failure), plainDelayMs(pace, failure));
}

/** The part of the wait that the target asked for, and that nothing ends before its time; 0 when it asked for none. */
export function retryAfterDelayMs({ retryAfterMs, jitter }: Failure): number {
  if (retryAfterMs === undefined) return 0;
  const floorMs = Math.min(Math.max(0, retryAfterMs), RETRY_AFTER_CAP_MS);
  return Math.round(floorMs + jitter * Math.max(RETRY_AFTER_SPREAD_MS, floorMs / 5));
}

/** The burst is over, or was never worth it: from here on the slow period. */
export function isSlow({ failures, wait }: Pick<Failure, "failures" | "wait">): boolean {
  return wait === "pause" || failures > BURST_MS.length + (wait === "throttled" ? 0 : 1);
}

function plainDelayMs(pace: Pace, { failures, wait, jitter }: Failure): number {
  if (isSlow({ failures, wait })) return Math.round(pace.slowMs * (0.9 + 0.2 * jitter));
  const ceiling = BURST_MS[failures - (wait === "throttled" ? 1 : 2)] ?? 0;
  return Math.round(ceiling * jitter);
}
