/** How a store wants its tills to sync; design section 2. */
export type Profile = "shift" | "continuous" | "live";

/** The pace of a profile: how often an idle lane asks, and how long it waits between attempts once a burst has failed. */
export interface Pace {
  readonly intervalMs: number;
  readonly slowMs: number;
}

const MINUTE = 60_000;

/** One table for all profiles (000: every 20 minutes; 001 and 004: 30 s, `retryDelayMinutes` 5; live: a server hint). */
export const PACES: Readonly<Record<Profile, Pace>> = {
  shift: { intervalMs: 20 * MINUTE, slowMs: 20 * MINUTE },
  continuous: { intervalMs: 30_000, slowMs: 5 * MINUTE },
  live: { intervalMs: 10_000, slowMs: MINUTE },
};

/** Ceilings of the fast burst, 1, 2, 4, 8, 16 s; each wait is drawn below its ceiling ("full jitter", AWS Architecture Blog 2015). */
const BURST_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

/** A server may slow us down, but never send us away for good. */
const RETRY_AFTER_CAP_MS = 10 * MINUTE;

export interface Failure {
  /** Failures in a row, this one included: from 1. */
  readonly failures: number;
  /** The answer was "slow down" (429, 503): there is no immediate retry then. */
  readonly throttled: boolean;
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
  const floor = Math.min(failure.retryAfterMs ?? 0, RETRY_AFTER_CAP_MS);
  return Math.max(floor, plainDelayMs(pace, failure));
}

function plainDelayMs(pace: Pace, { failures, throttled, jitter }: Failure): number {
  if (failures === 1 && !throttled) return 0;
  const ceiling = BURST_MS[failures - (throttled ? 1 : 2)];
  if (ceiling !== undefined) return Math.round(ceiling * jitter);
  return Math.round(pace.slowMs * (0.9 + 0.2 * jitter));
}
