import { wholeKes } from "../client/amount.ts";
import { normalPhone } from "../client/phone.ts";
import type { PushHint } from "../client/push.ts";

/**
 * `created`: written down, nothing sent. `submitting`: the call may be under way. `accepted`: the phone is asked.
 * `unknown`: the reply was lost, and the phone may be asked; it never ends by itself.
 */
export type AttemptState = "created" | "submitting" | "accepted" | "paid" | "not_paid" | "unknown";

/** One push, and all that is known of it. */
export interface Attempt {
  /** 32 hexadecimal digits by chance: also the secret part of its callback's path. */
  readonly id: string;
  readonly state: AttemptState;
  /** Who started it: always a person. */
  readonly by: string;
  readonly createdAtMs: number;
  readonly submittedAtMs: number | null;
  /** As the reply named it. No other attempt may have the same: storage holds it unique. */
  readonly checkoutRequestId: string | null;
  /** What callbacks claimed, each once. */
  readonly hints: readonly PushHint[];
  readonly hintedAtMs: number | null;
  readonly askedAtMs: number | null;
  readonly asks: number;
  /** A query named this failure once; it is asked once more before it is believed. */
  readonly saidNotPaid: string | null;
  /** A callback claims that one that ended was paid after all. */
  readonly isDoubted: boolean;
  /** Pull was asked when the prompt was long over, and had nothing. */
  readonly absentAtMs: number | null;
  /** Pull has more than one payment that fits. */
  readonly hasRivals: boolean;
  readonly receipt: string | null;
  /** Why it is as it is: the code for records, the sentence for the cashier. */
  readonly code: string | null;
  readonly says: string | null;
  /** Before this moment a new push makes no sense. */
  readonly notBeforeMs: number;
}

export type TypedState = "pending" | "verified" | "mismatch" | "not_found";

/** What the cashier typed from the customer's phone. */
export interface Typed {
  readonly code: string;
  readonly by: string;
  readonly atMs: number;
  readonly state: TypedState;
  readonly says: string | null;
}

/** A callback as it came. */
export interface RawCallback {
  readonly attemptId: string;
  readonly raw: string;
  readonly atMs: number;
  /** How often the same came. */
  readonly times: number;
}

/** What is to be paid by M-Pesa for one sale, and how that stands. Immutable: each move gives the next. */
export interface Payment {
  readonly saleId: string;
  readonly reference: string;
  readonly amount: number;
  readonly phone: string;
  readonly attempts: readonly Attempt[];
  readonly typed: Typed | null;
  readonly callbacks: readonly RawCallback[];
  /** The sale was closed before it was known whether this was paid. */
  readonly closedPendingAtMs: number | null;
}

export type Standing = AttemptState | "none" | "pending_verification" | "verified" | "mismatch" | "not_found";

/** @throws SyncError INVALID_INPUT for a number or an amount that M-Pesa does not take */
export function newPayment(facts: {
  readonly saleId: string;
  readonly reference: string;
  readonly amount: number;
  readonly phone: string;
}): Payment {
  const { saleId, reference } = facts;
  const [amount, phone] = [wholeKes(facts.amount), normalPhone(facts.phone)];
  return { saleId, reference, amount, phone, attempts: [], typed: null, callbacks: [], closedPendingAtMs: null };
}

export function attemptOf(payment: Payment, id: string): Attempt | undefined {
  return payment.attempts.find((attempt) => attempt.id === id);
}

/** What the whole comes to, in one word. */
export function standingOf({ attempts, typed, closedPendingAtMs }: Payment): Standing {
  if (attempts.some(({ state }) => state === "paid")) return "paid";
  if (typed !== null) return typed.state === "pending" ? "pending_verification" : typed.state;
  const last = attempts.at(-1);
  if (last === undefined) return "none";
  return closedPendingAtMs !== null && last.state !== "not_paid" ? "pending_verification" : last.state;
}

/** Whether nobody knows yet what became of it. */
export function isOpen({ state }: Attempt): boolean {
  return state === "submitting" || state === "accepted" || state === "unknown";
}

/** What certainly came in, in whole shillings. A typed code of a push that was paid is the same money. */
export function paidKes({ attempts, typed, amount }: Payment): number {
  const paid = attempts.filter(({ state }) => state === "paid");
  const isTypedOnItsOwn =
    typed?.state === "verified" && !paid.some(({ receipt }) => receipt === null || receipt === typed.code);
  return (paid.length + (isTypedOnItsOwn ? 1 : 0)) * amount;
}
