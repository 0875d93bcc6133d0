import { SyncError } from "@tillsync/protocol";
import type { Sent } from "./in-flight.ts";

/** One exchange as it went, for those who keep a history of them (001 SyncRetryLog). */
export interface Attempt {
  readonly lane: "central";
  /** Travels as `x-correlation-id`: the centre's log has it under the same id. */
  readonly correlationId: string;
  /** Failures in a row before it, plus one. */
  readonly attemptNumber: number;
  /** Wall time, milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: "ok" | "failed";
  readonly code: string | null;
  readonly message: string | null;
  /** False when the lane waits for a person. */
  readonly shouldRetry: boolean;
  /** Changes that became durable at the centre by it. */
  readonly sent: number;
  readonly fromSeq: number;
  /** Changes in the request. */
  readonly changes: number;
}

/** The exchange whose answer is waited for. */
export interface UnderWay {
  readonly sent: Sent;
  readonly begunAtMs: number;
  readonly begunAtWallMs: number;
  readonly attemptNumber: number;
}

export function attemptOf(
  { sent: { correlationId, request }, begunAtWallMs, attemptNumber }: UnderWay,
  end: { durationMs: number; failure: SyncError | null; shouldRetry: boolean; sent: number },
): Attempt {
  const { durationMs, failure, shouldRetry, sent } = end;
  return {
    lane: "central",
    correlationId,
    attemptNumber,
    startedAtMs: begunAtWallMs,
    durationMs,
    outcome: failure === null ? "ok" : "failed",
    code: failure?.code ?? null,
    message: failure?.message ?? null,
    shouldRetry,
    sent,
    fromSeq: request.fromSeq,
    changes: request.changes.length,
  };
}

/** Why a flush ends with its terminal. */
export const CUT_SHORT = {
  code: "TERMINAL_STOPPED",
  message: "The terminal was stopped before everything was sent; it goes on at its next start.",
};

export function asSyncError(cause: unknown): SyncError {
  return cause instanceof SyncError
    ? cause
    : new SyncError("INTERNAL", "The exchange failed inside the terminal.", {}, cause);
}
