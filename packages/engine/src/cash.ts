import { CASH, CASH_MOVES, type CashMoveType, SyncError } from "@tillsync/protocol";
import { recordTransaction } from "./facts.ts";
import type { Recording } from "./recording.ts";
import type { CashMove, Recorded } from "./verbs.ts";

/**
 * Records cash put into the drawer or taken out of it beside sales, as a transaction of a type of ARTS POSLog.
 *
 * @throws SyncError INVALID_INPUT, SHIFT_NOT_OPEN, LOCAL_ID_TAKEN
 */
export function recordCash(recording: Recording, move: CashMove): Recorded {
  const { direction, amountMinor, type = direction === "out" ? "PaidOut" : "PaidIn", ...rest } = move;
  if (direction !== "in" && direction !== "out") throw refuse("direction", '"in" or "out"', direction);
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0)
    throw refuse("amountMinor", "minor units above 0; the direction says which way", amountMinor);
  if (!Object.hasOwn(CASH_MOVES, type) || CASH_MOVES[type] !== direction)
    throw refuse("type", typesOf(direction), type);
  if (typeof rest.reason !== "string" || rest.reason.trim() === "")
    throw refuse("reason", "what the cash is for, in words", rest.reason);
  const signed = direction === "in" ? amountMinor : -amountMinor;
  return recordTransaction(recording, { ...rest, type, tender: CASH, amountMinor: signed });
}

function typesOf(direction: "in" | "out"): string {
  const types = (Object.keys(CASH_MOVES) as CashMoveType[]).filter((type) => CASH_MOVES[type] === direction);
  return types.join(" or ");
}

function refuse(field: string, expected: string, got: unknown): SyncError {
  const said = typeof got === "string" ? JSON.stringify(got.slice(0, 40)) : String(got);
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}; got ${said}.`, { field, expected, got: said });
}
