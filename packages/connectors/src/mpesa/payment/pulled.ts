import { mayBePhone } from "../client/phone.ts";
import type { ToldPayment } from "../client/transaction-status.ts";
import { changed, type IsTaken, PROMPT_OVER_MS } from "./moves.ts";
import { type Attempt, attemptOf, type Payment } from "./payment.ts";

/** Clocks of both sides may differ by so much, in milliseconds. */
const CLOCK_SLACK_MS = 2 * 60_000;

/**
 * What Pull shows of the time of a push whose reply was lost. One payment that fits is this one; more are for a person, and
 * so is none: that a payment is not shown is no proof that there is none.
 */
export function pulled(
  payment: Payment,
  id: string,
  shown: readonly ToldPayment[],
  nowMs: number,
  isTaken: IsTaken,
): Payment {
  const attempt = attemptOf(payment, id);
  const others = payment.attempts.filter((one) => one.id !== id).map(({ receipt }) => receipt);
  const receipts = new Set(
    shown
      .filter((told) => attempt !== undefined && fits(payment, attempt, told))
      .map(({ receipt }) => receipt)
      .filter((receipt) => !others.includes(receipt) && !isTaken(receipt)),
  );
  return changed(payment, id, ({ asks, state, submittedAtMs }) => {
    const again = { askedAtMs: nowMs, asks: asks + 1 };
    const [receipt, rival] = [...receipts];
    if (state === "paid") return again;
    if (rival !== undefined) return { ...again, hasRivals: true };
    if (receipt !== undefined)
      return { ...again, receipt, state: "paid", isDoubted: false, code: "0", says: "Paid, as Pull shows." };
    const isOver = submittedAtMs !== null && nowMs - submittedAtMs >= PROMPT_OVER_MS;
    return isOver ? { ...again, absentAtMs: nowMs } : again;
  });
}

function fits({ amount, phone, reference }: Payment, { submittedAtMs }: Attempt, told: ToldPayment): boolean {
  if (submittedAtMs === null || told.atMs === undefined || !told.isCompleted || told.amount !== amount) return false;
  const isInTime =
    told.atMs >= submittedAtMs - CLOCK_SLACK_MS && told.atMs <= submittedAtMs + PROMPT_OVER_MS + CLOCK_SLACK_MS;
  if (!isInTime || told.from === undefined || !mayBePhone(told.from, phone)) return false;
  // A till's payments have no reference; then the number has to be whole.
  return told.reference ? told.reference === reference : told.from === phone;
}
