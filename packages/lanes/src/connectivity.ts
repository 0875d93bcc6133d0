import type { Observation } from "./treatment.ts";

/** What is known of the way to a target (002). A hint for pacing and for people, never a gate on selling or sending. */
export type Connectivity = "unknown" | "online" | "degraded" | "offline";

/**
 * Every state and observation. The last observation decides, whatever was before it: a light that waits for a second
 * failure before it turns red says something untrue meanwhile.
 */
export const CONNECTIVITY: Readonly<Record<Connectivity, Readonly<Record<Observation, Connectivity>>>> = {
  unknown: { proper: "online", troubled: "degraded", silent: "offline" },
  online: { proper: "online", troubled: "degraded", silent: "offline" },
  degraded: { proper: "online", troubled: "degraded", silent: "offline" },
  offline: { proper: "online", troubled: "degraded", silent: "offline" },
};

/** A target that has not answered by then is offline (002); the longest that a probe may take. */
export const SILENT_AFTER_MS = 5_000;

/** A probe is answered from memory; one that takes longer says that the way is slow. An exchange may take as long as a probe. */
export const SLOW_PROBE_MS = 2_000;

/**
 * How long after the last sign of a target the next probe goes: drawn between the two, so that in a town that lost its link
 * at one moment probes do not stay in step. While all is well an idle lane's own exchange, every 30 s, comes first and is
 * the probe. While it is not, probe and drain together stay within 30 s.
 */
const PROBE_AFTER_MS: Readonly<Record<Connectivity, readonly [number, number]>> = {
  unknown: [24_000, 27_000],
  online: [30_000, 33_000],
  degraded: [24_000, 27_000],
  offline: [8_000, 10_000],
};

/** @param jitter in [0, 1) */
export function probeDelayMs(state: Connectivity, jitter: number): number {
  const [fromMs, toMs] = PROBE_AFTER_MS[state];
  return Math.round(fromMs + (toMs - fromMs) * jitter);
}

/** What an answer says that took this long. */
export function timely(tookMs: number, slowMs: number): Observation {
  return tookMs < slowMs ? "proper" : "troubled";
}
