import type { PayloadOf } from "./change.ts";

/** The tender of what is in the drawer, in documents and manifests alike. */
export const CASH = "cash";

/** The tender under which transactions count that name none: nothing of it is in a drawer. */
export const NO_TENDER = "none";

/**
 * Types of transactions that move cash beside sales, in the words of ARTS POSLog, and which way it goes: paid in and out
 * for something (a refund from a supplier, milk for the staff), lent to the till (more change) and picked up from it (to
 * the safe).
 */
export const CASH_MOVES = { PaidIn: "in", Loan: "in", PaidOut: "out", Pickup: "out" } as const;

export type CashMoveType = keyof typeof CASH_MOVES;

/** Whether a transaction is cash put into the drawer or taken out beside sales; undefined for every other one. */
export function cashDirection({ type, tender }: PayloadOf<"transaction.recorded">): "in" | "out" | undefined {
  if (tender !== CASH || !Object.hasOwn(CASH_MOVES, type)) return undefined;
  return CASH_MOVES[type as CashMoveType];
}
