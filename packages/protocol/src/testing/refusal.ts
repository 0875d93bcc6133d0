import { SyncError } from "../errors.ts";

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
