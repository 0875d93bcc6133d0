import type { Reply } from "@tillsync/lanes";
import { SyncError } from "@tillsync/protocol";
import { readPushCallback } from "../client/push.ts";
import { pushOutcomeOf, queryOutcomeOf } from "../outcomes/outcomes.ts";
import { type Attempt, attemptOf, isOpen, type Payment } from "./payment.ts";

/** A push that was wanted and not sent within this lapses: the customer may be gone. In milliseconds. */
export const LAPSES_AFTER_MS = 2 * 60_000;
/** A prompt stays about 60 s on the phone; after this no payment can come of it any more. */
export const PROMPT_OVER_MS = 5 * 60_000;
const KEPT_CALLBACKS = 20;
const KEPT_HINTS = 10;
const KEPT_CHARACTERS = 10_000;

/** Says whether another payment already has this id or receipt. Storage asks its unique indexes. */
export type IsTaken = (value: string) => boolean;

/** The cashier asks the customer. Nothing else makes an attempt. @throws SyncError with what is in the way */
export function begin(
  payment: Payment,
  who: { readonly attemptId: string; readonly by: string },
  nowMs: number,
): Payment {
  if (!/^[0-9a-f]{32}$/.test(who.attemptId))
    throw new SyncError("INVALID_INPUT", "The id of an attempt is 32 hexadecimal digits.", { field: "attemptId" });
  const refuse = (message: string) => new SyncError("PAYMENT_PENDING", message, { field: "payment" });
  const { attempts, typed } = payment;
  if (attempts.some(({ state }) => state === "paid") || typed?.state === "verified") throw refuse("This is paid.");
  if (typed !== null) throw refuse("A code was typed for this payment: it has to be checked first.");
  if (attempts.some((one) => one.state === "created" || isOpen(one) || one.isDoubted))
    throw refuse("Nobody knows yet what became of the request before: asking again could charge the customer twice.");
  const waits = attempts.find(({ notBeforeMs }) => notBeforeMs > nowMs);
  if (waits !== undefined)
    throw refuse(`${waits.says ?? "The request before has just ended."} Try again in a minute or two.`);
  const attempt: Attempt = {
    id: who.attemptId,
    by: who.by,
    state: "created",
    createdAtMs: nowMs,
    submittedAtMs: null,
    checkoutRequestId: null,
    hints: [],
    hintedAtMs: null,
    askedAtMs: null,
    asks: 0,
    saidNotPaid: null,
    isDoubted: false,
    absentAtMs: null,
    hasRivals: false,
    receipt: null,
    code: null,
    says: null,
    notBeforeMs: 0,
  };
  return { ...payment, attempts: [...attempts, attempt] };
}

/** To be stored before the call. One that waited too long lapses instead, and one that was submitted is never again. */
export function submit(payment: Payment, id: string, nowMs: number): Payment {
  return changed(payment, id, (attempt) => {
    if (attempt.state !== "created")
      throw new SyncError("PAYMENT_PENDING", "This request was sent before; it is never sent again.", {
        field: "attemptId",
      });
    const isLate = nowMs - attempt.createdAtMs > LAPSES_AFTER_MS || nowMs < attempt.createdAtMs;
    return isLate
      ? ended("LAPSED", "The request was not sent in time.")
      : { state: "submitting", submittedAtMs: nowMs };
  });
}

/** The reply to the push, as it came. One that comes when the attempt was given up still counts. */
export function replied(payment: Payment, id: string, reply: Reply, nowMs: number): Payment {
  const outcome = pushOutcomeOf(reply);
  return changed(payment, id, (attempt) => {
    if (outcome.verdict === "accepted") {
      const { checkoutRequestId } = outcome;
      const isEnded = attempt.state === "paid" || attempt.state === "not_paid";
      return isEnded ? { checkoutRequestId } : { checkoutRequestId, state: "accepted" };
    }
    if (attempt.state !== "submitting") return {};
    const { code, message } = outcome;
    if (outcome.verdict === "unknown") return { state: "unknown", code, says: message };
    const waitMs = outcome.cause === "locked" ? 60_000 : outcome.cause === "busy" ? 5_000 : 0;
    return { ...ended(code, message), notBeforeMs: nowMs + waitMs };
  });
}

/** The process died, or no reply came in the time that a call takes: nobody knows. */
export function lost(payment: Payment, id: string): Payment {
  return changed(payment, id, ({ state }) =>
    state === "submitting" ? { state: "unknown", code: "REPLY_LOST", says: "The reply to the request was lost." } : {},
  );
}

/**
 * Somebody says how a push ended: kept as it came, and a reason to ask M-Pesa. It moves nothing by itself, so it does not
 * matter whether it is early, late, forged or the second one.
 */
export function called(payment: Payment, id: string, raw: string, nowMs: number, isTaken: IsTaken): Payment {
  const attempt = attemptOf(payment, id);
  if (attempt === undefined) return payment;
  const kept = { ...payment, callbacks: withCallback(payment, id, raw.slice(0, KEPT_CHARACTERS), nowMs) };
  const hint = readPushCallback(raw);
  const ours = attempt.checkoutRequestId;
  if (hint === undefined || (ours !== null && hint.checkoutRequestId !== ours)) return kept;
  if (ours === null && isTaken(hint.checkoutRequestId)) return kept;
  const isNew = !attempt.hints.some((one) => JSON.stringify(one) === JSON.stringify(hint));
  if (!isNew || attempt.hints.length >= KEPT_HINTS) return kept;
  // What was never sent cannot have been paid.
  const isEnded = attempt.state === "not_paid" && attempt.submittedAtMs !== null;
  const isDoubted = attempt.isDoubted || (isEnded && hint.resultCode === "0");
  return changed(kept, id, () => ({ hints: [...attempt.hints, hint], hintedAtMs: nowMs, isDoubted }));
}

function withCallback({ callbacks }: Payment, attemptId: string, raw: string, atMs: number): Payment["callbacks"] {
  const isSame = (one: Payment["callbacks"][number]) => one.attemptId === attemptId && one.raw === raw;
  if (callbacks.some(isSame)) return callbacks.map((one) => (isSame(one) ? { ...one, times: one.times + 1 } : one));
  return callbacks.length < KEPT_CALLBACKS ? [...callbacks, { attemptId, raw, atMs, times: 1 }] : callbacks;
}

/** What STK Query answered about one id. Only this, and what Pull shows, make a push paid. */
export function answered(
  payment: Payment,
  id: string,
  asked: { readonly checkoutRequestId: string; readonly reply: Reply },
  nowMs: number,
): Payment {
  const outcome = queryOutcomeOf(asked.reply, asked.checkoutRequestId);
  return changed(payment, id, (attempt) => {
    const again = { askedAtMs: nowMs, asks: attempt.asks + 1 };
    const { checkoutRequestId } = asked;
    if (outcome.verdict === "paid") {
      const receipt = attempt.receipt ?? receiptSaid(attempt, checkoutRequestId);
      return { ...again, checkoutRequestId, receipt, state: "paid", isDoubted: false, code: "0", says: "Paid." };
    }
    if (attempt.state === "paid" || outcome.verdict === "pending") return again;
    // Silence of the service costs nothing: it is asked again.
    if (outcome.verdict === "no_answer") return { ...again, code: outcome.code, says: outcome.message };
    const { code, row } = outcome;
    if (row.again === "check" && attempt.saidNotPaid !== code) return { ...again, saidNotPaid: code };
    return {
      ...again,
      ...ended(code, row.says),
      checkoutRequestId,
      isDoubted: false,
      notBeforeMs: nowMs + row.waitMs,
    };
  });
}

function receiptSaid({ hints }: Attempt, checkoutRequestId: string): string | null {
  const said = new Set(hints.flatMap((hint) => (hint.checkoutRequestId === checkoutRequestId && hint.receipt) || []));
  const [first, second] = [...said];
  return second === undefined ? (first ?? null) : null;
}

/** A person looked at the customer's phone or the portal and says that it was not paid. @throws SyncError PAYMENT_PENDING too early */
export function declaredNotPaid(
  payment: Payment,
  id: string,
  said: { readonly by: string; readonly why: string },
  nowMs: number,
): Payment {
  return changed(payment, id, (attempt) => {
    if (attempt.state !== "unknown" && attempt.state !== "accepted" && !attempt.isDoubted)
      throw new SyncError("PAYMENT_PENDING", "There is nothing to decide about this request.", { field: "attemptId" });
    if (nowMs - (attempt.submittedAtMs ?? nowMs) < PROMPT_OVER_MS)
      throw new SyncError("PAYMENT_PENDING", "The customer may still pay: wait five minutes from the request.", {
        field: "attemptId",
      });
    return { ...ended("DECLARED", `${said.by}: ${said.why}`), isDoubted: false };
  });
}

/** The sale is closed although nobody knows yet. It goes on being looked up. */
export function closedPending(payment: Payment, nowMs: number): Payment {
  const isPending = payment.typed !== null || payment.attempts.some(isOpen);
  if (!isPending) throw new SyncError("PAYMENT_PENDING", "Nothing of this payment is pending.", { field: "payment" });
  return { ...payment, closedPendingAtMs: payment.closedPendingAtMs ?? nowMs };
}

export function ended(code: string, says: string): Partial<Attempt> {
  return { state: "not_paid", code, says };
}

export function changed(payment: Payment, id: string, change: (attempt: Attempt) => Partial<Attempt>): Payment {
  if (attemptOf(payment, id) === undefined)
    throw new SyncError("NOT_FOUND", "This payment has no such request.", { field: "attemptId" });
  const attempts = payment.attempts.map((one) => (one.id === id ? { ...one, ...change(one) } : one));
  return { ...payment, attempts };
}
