import { type PayloadOf, parseBody } from "@tillsync/protocol";
import type { CashMove } from "../verbs.ts";
import { Till } from "./till.ts";

export const MILK: CashMove = {
  localId: "c-1",
  direction: "out",
  amountMinor: 2_000,
  reason: "milk",
  operator: "Amina",
};

export const cash = (amountMinor: number, currency = "KES") => ({ currency, tender: "cash", amountMinor });

/** A till with a shift of 5,000.00 in the drawer. */
export async function drawer(): Promise<Till> {
  const till = new Till();
  till.start();
  till.terminal.openShift({
    localId: "s-1",
    operator: "Amina",
    businessDate: "2026-01-16",
    openingFloatMinor: 500_000,
  });
  await till.settle();
  return till;
}

/** What the last closing of a shift says. */
export function manifest(till: Till): PayloadOf<"shift.closed"> {
  const sql = "SELECT body FROM journal WHERE kind = 'shift.closed' ORDER BY position DESC LIMIT 1";
  const row = till.store.read.get<{ body: string }>(sql);
  return parseBody(row?.body ?? "").payload as PayloadOf<"shift.closed">;
}
