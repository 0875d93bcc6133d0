import { type BatchSize, FIRST_BATCH, grown, type Pace, retryDelayMs, shrunk } from "@tillsync/lanes";
import { isErrorCode, LIMITS, type SyncError } from "@tillsync/protocol";

/** Where the central lane stands: one immutable value, moved by the two functions below. Due times are monotonic. */
export interface LaneState {
  readonly failures: number;
  readonly dueAtMs: number;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly halted: boolean;
  readonly size: BatchSize;
}

export const FRESH_LANE: LaneState = {
  failures: 0,
  dueAtMs: 0,
  lastAttemptAt: null,
  lastSuccessAt: null,
  error: null,
  halted: false,
  size: FIRST_BATCH,
};

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
    lastAttemptAt: now.wallMs,
    lastSuccessAt: now.wallMs,
    error: null,
    halted: false,
    size: grown(state.size, next.largest),
  };
}

/** Answers that a smaller batch may get past: too large, too slow, or one change in it that a bug cannot digest. */
const SHRINKING: ReadonlySet<string> = new Set([
  "TOO_LARGE",
  "TIMED_OUT",
  "INVALID_INPUT",
  "INVALID_JSON",
  "INTERNAL",
  "NOT_AN_ANSWER",
  "UNREACHABLE",
]);

/** Answers that no hurry helps with: somebody has to act, and meanwhile we ask at the slow pace. */
const PATIENT: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "FORBIDDEN", "PROTOCOL_VERSION"]);

/** Answers after which sending on would be guesswork. Nothing is deleted; recovery or a person goes on from here. */
const HALTING: ReadonlySet<string> = new Set(["FORK"]);

export function failed(
  state: LaneState,
  now: Moment,
  error: SyncError,
  options: { pace: Pace; jitter: number },
): LaneState {
  const size = SHRINKING.has(error.code) ? shrunk(state.size) : state.size;
  // Too large is an answer about this batch, not about the target: half of it is tried at once.
  if (error.code === "TOO_LARGE" && size.changes < state.size.changes)
    return { ...state, dueAtMs: now.monotonicMs, size };
  const failures = state.failures + 1;
  const throttled = error.code === "TOO_MANY_REQUESTS" || error.code === "UNAVAILABLE";
  const retryAfterMs = typeof error.details.retryAfterMs === "number" ? error.details.retryAfterMs : undefined;
  const patient = PATIENT.has(error.code);
  const counted = patient ? 1_000 : failures;
  const delayMs = retryDelayMs(options.pace, { failures: counted, throttled, retryAfterMs, jitter: options.jitter });
  return {
    ...state,
    failures,
    dueAtMs: now.monotonicMs + delayMs,
    lastAttemptAt: now.wallMs,
    error: { code: isErrorCode(error.code) ? error.code : "INTERNAL", message: error.message },
    halted: HALTING.has(error.code),
    size,
  };
}
