import { type ErrorCode, SyncError } from "@tillsync/protocol";
import type { Witness, Witnessed } from "./ports.ts";

export function isCode(error: unknown, code: ErrorCode): error is SyncError {
  return error instanceof SyncError && error.code === code;
}

/** After a commit that failed, and a database that could not be opened anew: nothing more is sold. */
export function cannotBeReadBack(cause: unknown): SyncError {
  const message = "The till's database cannot be read back after an error; restart the till before selling on.";
  return new SyncError("TERMINAL_STOPPED", message, {}, cause);
}

/** The database was opened anew and the change is not there. */
export function notSold(localId: string, cause: unknown): SyncError {
  const message = "The till's database refused the sale and nothing was recorded; try again.";
  return new SyncError("NOT_SOLD", message, { localId }, cause);
}

/** After the commit. A witness that cannot be written only lags, which it may; the sale is in the database. */
export function testify(witness: Witness, head: Witnessed, flush: boolean): void {
  try {
    witness.write(head);
    if (flush) witness.flush();
  } catch {
    // Nothing to undo and nothing to tell the cashier.
  }
}
