import { isErrorCode, LIMITS, type SyncError } from "@tillsync/protocol";
import { type Failure, isSlow, type Pace, retryAfterDelayMs, retryDelayMs } from "./backoff.ts";
import { type BatchSize, FIRST_BATCH, grown, shrunk } from "./batch.ts";
import { BREAKER, type Breaker } from "./breaker.ts";
import { treatmentOf } from "./treatment.ts";

/** Where a lane stands: one immutable value, moved by the functions below. Due times are monotonic. */
export interface LaneState {
  readonly failures: number;
  readonly dueAtMs: number;
  /** The target's own `Retry-After`: one that answers again ends every wait but this. */
  readonly notBeforeMs: number;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly halted: boolean;
  readonly breaker: Breaker;
  readonly size: BatchSize;
}

export const FRESH_LANE: LaneState = {
  failures: 0,
  dueAtMs: 0,
  notBeforeMs: 0,
  lastAttemptAt: null,
  lastSuccessAt: null,
  error: null,
  halted: false,
  breaker: "closed",
  size: FIRST_BATCH,
};

/** A lane as an earlier process left it. A start is a reason to send at once, whatever that process waited for. */
export function resumed(
  kept: Pick<LaneState, "failures" | "lastAttemptAt" | "lastSuccessAt" | "error" | "halted">,
): LaneState {
  const breaker = isSlow({ failures: kept.failures, wait: "burst" }) ? "open" : "closed";
  return { ...FRESH_LANE, ...kept, breaker };
}

/**
 * The largest batch worth sending: what the centre announced, what this terminal is set to, and a quarter of what a
 * request may hold, since escaping and names make a request larger than the bodies in it.
 */
export function largestBatch(
  limits: { maxBatchChanges: number; maxRequestBytes: number },
  maxChanges: number,
): BatchSize {
  const bytes = Math.min(limits.maxRequestBytes, LIMITS.maxRequestBytes) >> 2;
  const changes = Math.min(limits.maxBatchChanges, LIMITS.maxBatchChanges, maxChanges);
  // A single change is always tried: a limit below that would keep the till silent for ever.
  return { changes: Math.max(1, changes), bytes: Math.max(1, bytes) };
}

interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** An attempt goes out. */
export function begun(state: LaneState): LaneState {
  return { ...state, breaker: BREAKER[state.breaker].begins };
}

/** The centre may slow us down, but never send us away for good. */
const LONGEST_PAUSE_MS = 10 * 60_000;

/** A proper answer ends every wait; with more to do the next exchange is due at once. */
export function succeeded(
  state: LaneState,
  now: Moment,
  next: { busy: boolean; pace: Pace; notBeforeMs: number; largest: BatchSize },
): LaneState {
  const waitMs = next.busy ? 0 : Math.max(next.pace.intervalMs, Math.min(next.notBeforeMs, LONGEST_PAUSE_MS));
  return {
    failures: 0,
    dueAtMs: now.monotonicMs + waitMs,
    notBeforeMs: 0,
    lastAttemptAt: now.wallMs,
    lastSuccessAt: now.wallMs,
    error: null,
    halted: false,
    breaker: BREAKER[state.breaker].succeeds,
    size: grown(state.size, next.largest),
  };
}

/** What the table says of this failure, as a lane state. */
export function failed(
  state: LaneState,
  now: Moment,
  error: SyncError,
  options: { pace: Pace; jitter: number },
): LaneState {
  const { wait, shrinks } = treatmentOf(error.code);
  const size = shrinks ? shrunk(state.size) : state.size;
  // Too large is an answer about this batch, not about the target: half of it is tried at once.
  if (wait === "split" && size.changes < state.size.changes) return { ...state, dueAtMs: now.monotonicMs, size };
  const failures = state.failures + 1;
  const retryAfterMs = typeof error.details.retryAfterMs === "number" ? error.details.retryAfterMs : undefined;
  const plain = wait === "split" || wait === "halt" ? "burst" : wait;
  const failure: Failure = { failures, wait: plain, retryAfterMs, jitter: options.jitter };
  return {
    ...state,
    failures,
    dueAtMs: now.monotonicMs + retryDelayMs(options.pace, failure),
    // What a proxy or a portal asks for in the centre's place binds nobody once the centre answers itself.
    notBeforeMs: wait === "throttled" ? now.monotonicMs + retryAfterDelayMs(failure) : 0,
    lastAttemptAt: now.wallMs,
    error: { code: isErrorCode(error.code) ? error.code : "INTERNAL", message: error.message },
    halted: wait === "halt",
    breaker: BREAKER[state.breaker][isSlow(failure) ? "fails-slowly" : "fails"],
    size,
  };
}

/** The tills of a town see the link come back within the same ten seconds; this spreads what they then send. */
const DRAIN_SPREAD_MS = 3_000;

/** The target answers a probe as it should, after it did not: whatever the lane was waiting for, it goes on now. */
export function answersAgain(state: LaneState, nowMs: number, jitter: number): LaneState {
  const fromMs = Math.max(nowMs + Math.round(jitter * DRAIN_SPREAD_MS), state.notBeforeMs);
  return { ...state, dueAtMs: Math.min(state.dueAtMs, fromMs) };
}
