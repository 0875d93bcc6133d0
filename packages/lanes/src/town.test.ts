import { type ErrorDetails, SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { PACES, type Profile } from "./backoff.ts";
import { probeDelayMs } from "./connectivity.ts";
import { answersAgain, FRESH_LANE, failed } from "./lane-state.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const TILLS = 1_000;

/** A generator of its own for each till (mulberry32); the engine gives each its own source of chance. */
function chance(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When a till's first exchange after the outage goes out, counted from its end. All tills fail for the first time at 0. */
function backAfter(profile: Profile, outageMs: number, seed: number): number {
  const jitter = chance(seed);
  const pace = PACES[profile];
  const down = new SyncError("UNREACHABLE", "No route.");
  let lane = FRESH_LANE;
  let probeAtMs = 0;
  for (;;) {
    const nowMs = Math.min(lane.dueAtMs, probeAtMs);
    if (lane.dueAtMs <= probeAtMs) {
      if (nowMs >= outageMs) return nowMs - outageMs;
      lane = failed(lane, { monotonicMs: nowMs, wallMs: 0 }, down, { pace, jitter: jitter() });
    } else if (nowMs >= outageMs) {
      lane = answersAgain(lane, nowMs, jitter());
    }
    // Any sign, and any missing one, counts as a probe.
    probeAtMs = nowMs + probeDelayMs(nowMs >= outageMs ? "online" : "offline", jitter());
  }
}

/** When a till comes back that was told "slow down" at the same moment as all others. */
function backAfterRefusal(details: ErrorDetails, seed: number): number {
  const refusal = new SyncError("UNAVAILABLE", "Slow down.", details);
  return failed(FRESH_LANE, { monotonicMs: 0, wallMs: 0 }, refusal, {
    pace: PACES.continuous,
    jitter: chance(seed)(),
  }).dueAtMs;
}

function spread(moments: readonly number[]) {
  const perSecond = new Map<number, number>();
  for (const atMs of moments) {
    const second = Math.floor(atMs / SECOND);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  return { lastMs: Math.max(...moments), busiest: Math.max(...perSecond.values()) };
}

const town = (back: (seed: number) => number) => spread(Array.from({ length: TILLS }, (_, seed) => back(seed + 1)));

describe("1,000 tills of a town that lost their link at one moment", () => {
  it.each(
    (["shift", "continuous", "live"] as const).flatMap((profile) =>
      [MINUTE, 10 * MINUTE, 180 * MINUTE].map((outageMs) => ({ profile, outageMs })),
    ),
  )("come back within 13 s of its end and spread over them ($profile, $outageMs ms)", ({ profile, outageMs }) => {
    const { lastMs, busiest } = town((seed) => backAfter(profile, outageMs, seed));
    // Measured: the last after 12.8 s, at most 139 of them in one second (docs/decisions/0014).
    expect(lastMs).toBeLessThanOrEqual(13 * SECOND);
    expect(busiest).toBeLessThanOrEqual(TILLS / 5);
  });
});

describe("1,000 tills that are told to come back later at one moment", () => {
  it.each([SECOND, 20 * SECOND, 10 * MINUTE])("with Retry-After %i ms come back after it, and not together", (ms) => {
    const { lastMs, busiest } = town((seed) => backAfterRefusal({ retryAfterMs: ms }, seed));
    const earliest = Math.min(
      ...Array.from({ length: TILLS }, (_, seed) => backAfterRefusal({ retryAfterMs: ms }, seed + 1)),
    );
    expect(earliest).toBeGreaterThanOrEqual(ms);
    expect(lastMs).toBeLessThanOrEqual(ms + Math.max(10 * SECOND, ms / 5));
    expect(busiest).toBeLessThanOrEqual(TILLS / 5);
  });
});
