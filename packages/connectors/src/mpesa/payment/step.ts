import { PROMPT_OVER_MS } from "./moves.ts";
import { type Attempt, isOpen, type Payment, paidKes } from "./payment.ts";

/** What is due next of a payment. `atMs` may be past: then it is due now. */
export type Step =
  | { readonly kind: "query"; readonly attemptId: string; readonly checkoutRequestId: string; readonly atMs: number }
  | {
      readonly kind: "pull";
      readonly attemptId: string;
      readonly fromMs: number;
      readonly toMs: number;
      readonly atMs: number;
    }
  /** No reply will come any more: the move `lost`. */
  | { readonly kind: "give_up_reply"; readonly attemptId: string; readonly atMs: number }
  /** Never sent, and too late now: the move `submit` lets it lapse. */
  | { readonly kind: "lapse"; readonly attemptId: string; readonly atMs: number }
  /** Nothing can be asked; a callback may still come, and after this it is a person's. */
  | { readonly kind: "wait"; readonly attemptId: string; readonly atMs: number }
  | { readonly kind: "verify"; readonly code: string; readonly atMs: number };

/** Why a person has to look. What is due goes on being done. */
export interface Concern {
  readonly code: "UNKNOWN" | "NO_ANSWER" | "PAID_TWICE" | "AMOUNT_DIFFERS" | "RIVALS" | "MISMATCH" | "NOT_FOUND";
  readonly says: string;
}

export interface Due {
  /** Null when nothing is left to be asked. */
  readonly step: Step | null;
  readonly concern: Concern | null;
}

/** A call is bounded by 120 s; after this its reply is lost. */
export const REPLY_LOST_AFTER_MS = 150_000;
const LAPSE_MS = 2 * 60_000;
/** Time since the push was sent, and how long after one question the next comes, in milliseconds. */
const PACE = [
  { untilMs: 3 * 60_000, everyMs: 12_000 },
  { untilMs: 15 * 60_000, everyMs: 60_000 },
  { untilMs: 2 * 3_600_000, everyMs: 5 * 60_000 },
] as const;
const SLOWEST_MS = 3_600_000;
const FIRST_QUERY_MS = 20_000;
/** From when Pull helps: the customer had the time to pay. */
const FIRST_PULL_MS = 90_000;
const PULL_SLACK_MS = 2 * 60_000;
/** So long nothing but silence is nothing that a cashier has to know. */
const SILENCE_MS = 15 * 60_000;

/** It never gives up: what nobody knows is asked for, slower and slower. */
export function stepOf(payment: Payment, nowMs: number, can: { readonly pull: boolean }): Due {
  return { step: nextStep(payment, nowMs, can), concern: concernOf(payment, nowMs, can) };
}

function nextStep({ attempts, typed }: Payment, nowMs: number, can: { readonly pull: boolean }): Step | null {
  const steps = attempts.flatMap((attempt) => stepOfAttempt(attempt, nowMs, can) ?? []);
  if (typed?.state === "pending") steps.push({ kind: "verify", code: typed.code, atMs: typed.atMs });
  return steps.toSorted((one, other) => one.atMs - other.atMs)[0] ?? null;
}

function stepOfAttempt(attempt: Attempt, nowMs: number, can: { readonly pull: boolean }): Step | null {
  const { id: attemptId, state, submittedAtMs, createdAtMs } = attempt;
  if (state === "created") return { kind: "lapse", attemptId, atMs: createdAtMs + LAPSE_MS + 1 };
  if (!isOpen(attempt) && !attempt.isDoubted) return null;
  const sentAtMs = submittedAtMs ?? createdAtMs;
  const ids =
    attempt.checkoutRequestId === null
      ? attempt.hints.map((hint) => hint.checkoutRequestId)
      : [attempt.checkoutRequestId];
  if (state === "submitting" && ids.length === 0)
    return { kind: "give_up_reply", attemptId, atMs: sentAtMs + REPLY_LOST_AFTER_MS };
  const isUnasked = attempt.hintedAtMs !== null && (attempt.askedAtMs ?? -1) < attempt.hintedAtMs;
  const nextMs = attempt.askedAtMs === null ? sentAtMs + FIRST_QUERY_MS : attempt.askedAtMs + paceMs(nowMs - sentAtMs);
  const atMs = isUnasked ? (attempt.hintedAtMs ?? nextMs) : nextMs;
  const isPullsTurn = ids.length === 0 || (attempt.asks % 2 === 1 && nowMs - sentAtMs > 3 * 60_000 && !isUnasked);
  if (isPullsTurn && can.pull) {
    const fromMs = sentAtMs - PULL_SLACK_MS;
    const toMs = sentAtMs + PROMPT_OVER_MS + PULL_SLACK_MS;
    return { kind: "pull", attemptId, fromMs, toMs, atMs: Math.max(atMs, sentAtMs + FIRST_PULL_MS) };
  }
  const checkoutRequestId = ids[attempt.asks % Math.max(ids.length, 1)];
  if (checkoutRequestId === undefined && nowMs < sentAtMs + FIRST_PULL_MS)
    return { kind: "wait", attemptId, atMs: sentAtMs + FIRST_PULL_MS };
  return checkoutRequestId === undefined ? null : { kind: "query", attemptId, checkoutRequestId, atMs };
}

function paceMs(ageMs: number): number {
  return PACE.find(({ untilMs }) => ageMs < untilMs)?.everyMs ?? SLOWEST_MS;
}

function concernOf(payment: Payment, nowMs: number, can: { readonly pull: boolean }): Concern | null {
  const { attempts, typed, amount } = payment;
  if (paidKes(payment) > amount)
    return { code: "PAID_TWICE", says: "The customer paid twice for this sale: give one payment back." };
  if (attempts.some(({ hasRivals }) => hasRivals))
    return { code: "RIVALS", says: "M-Pesa shows more than one payment that could be this one." };
  const paid = attempts.find(({ state }) => state === "paid");
  const said = paid?.hints.filter((hint) => hint.checkoutRequestId === paid.checkoutRequestId) ?? [];
  if (said.some((hint) => hint.amount !== undefined && hint.amount !== amount))
    return { code: "AMOUNT_DIFFERS", says: "A callback names another amount than was asked for." };
  if (paid !== undefined || typed?.state === "verified") return null;
  if (typed?.state === "mismatch") return { code: "MISMATCH", says: typed.says ?? "The code is of another payment." };
  if (typed?.state === "not_found") return { code: "NOT_FOUND", says: typed.says ?? "M-Pesa does not know the code." };
  const open = attempts.find((one) => isOpen(one) || one.isDoubted);
  if (open === undefined || open.submittedAtMs === null) return null;
  const ageMs = nowMs - open.submittedAtMs;
  const isBlind = open.checkoutRequestId === null && open.hints.length === 0 && open.state === "unknown";
  if (isBlind && (open.absentAtMs !== null || (!can.pull && ageMs >= FIRST_PULL_MS) || ageMs >= SILENCE_MS))
    return {
      code: "UNKNOWN",
      says: `${UNKNOWN}${open.absentAtMs === null ? "" : " M-Pesa's list shows no such payment."}`,
    };
  return ageMs >= SILENCE_MS ? { code: "NO_ANSWER", says: UNKNOWN } : null;
}

const UNKNOWN = "Nobody knows whether the customer paid: look at the customer's phone or the M-Pesa portal.";
