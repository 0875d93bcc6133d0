import { type ErrorCode, SyncError } from "@tillsync/protocol";

/** Runs `act` and gives the SyncError it throws; anything else fails the test. */
export function refusalOf(act: () => unknown): SyncError {
  try {
    act();
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error("expected a SyncError; nothing was thrown");
}

/** Code and field of a refusal: what a caller's program goes by. */
export function codeAndField(act: () => unknown): { code: ErrorCode; field: string | undefined } {
  const { code, details } = refusalOf(act);
  return { code, field: details.field };
}
