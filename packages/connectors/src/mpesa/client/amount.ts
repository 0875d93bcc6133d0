import { SyncError } from "@tillsync/protocol";

/** Per transaction, in whole shillings (Safaricom's tariff). */
export const MAX_KES = 250_000;

/** What a push asks for. M-Pesa knows no cents. @throws SyncError INVALID_INPUT */
export function wholeKes(amount: number): number {
  if (Number.isInteger(amount) && amount >= 1 && amount <= MAX_KES) return amount;
  const message = Number.isInteger(amount)
    ? `M-Pesa takes 1 to ${MAX_KES} shillings at a time.`
    : "M-Pesa takes whole shillings only: take the cents in cash, or round the total.";
  throw new SyncError("INVALID_INPUT", message, { field: "amount" });
}

/** An amount as M-Pesa tells it: a number, or a text such as "10.00". Undefined when it is neither. */
export function toldKes(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return typeof value === "string" && /^\d{1,9}(\.\d{1,2})?$/.test(value.trim()) ? Number(value) : undefined;
}
