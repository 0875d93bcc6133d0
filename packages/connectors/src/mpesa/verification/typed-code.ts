import { SyncError } from "@tillsync/protocol";
import { stampOf } from "../../client/nairobi.ts";
import type { Payment, Typed } from "../payment/payment.ts";

/** A code with what it is to prove: the item of the lane that looks codes up. */
export interface TypedCode {
  readonly saleId: string;
  readonly code: string;
  readonly amount: number;
  readonly typedAtMs: number;
  /** Of the look-up's result, in the path that M-Pesa calls: 32 hexadecimal digits. */
  readonly askId: string;
}

/** Codes are compared as M-Pesa writes them. @throws SyncError INVALID_INPUT for an empty one, and for nothing else */
export function normalCode(typed: string): string {
  const code = typed.replace(/[\s-]/g, "").toUpperCase();
  if (code !== "" && code.length <= 40) return code;
  throw new SyncError("INVALID_INPUT", "Type the M-Pesa code from the customer's message, such as UJ2ABC1234.", {
    field: "code",
  });
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DAYS = `0123456789${LETTERS}`;
/** A is 2006, so that L is 2017 and U is 2026. */
const YEAR_A = 2006;

/** What looks odd about a code, for the cashier to look again; null for nothing. It never decides: real codes may differ. */
export function codeWarning(code: string, nowMs: number): string | null {
  if (!/^[A-Z0-9]{10}$/.test(code)) return "A code has ten letters and digits: look again.";
  const stamp = stampOf(nowMs);
  const today = dayOf(Number(stamp.slice(0, 4)), Number(stamp.slice(4, 6)), Number(stamp.slice(6, 8)));
  const yesterday = stampOf(nowMs - 86_400_000);
  const before = dayOf(Number(yesterday.slice(0, 4)), Number(yesterday.slice(4, 6)), Number(yesterday.slice(6, 8)));
  const isRecent = code.startsWith(today) || code.startsWith(before);
  return isRecent ? null : "This code looks like one of another day: look at the date of the message.";
}

function dayOf(year: number, month: number, day: number): string {
  return `${LETTERS[(year - YEAR_A) % LETTERS.length]}${LETTERS[month - 1]}${DAYS[day]}`;
}

/**
 * Takes what the cashier typed. A code that another sale has is not refused at the till, where the customer stands: it goes
 * before a person. `isTaken` asks the unique index.
 */
export function typedIn(
  payment: Payment,
  given: { readonly code: string; readonly by: string },
  nowMs: number,
  isTaken: (code: string) => boolean,
): Payment {
  if (payment.typed !== null && payment.typed.state !== "not_found" && payment.typed.state !== "mismatch")
    throw new SyncError("PAYMENT_PENDING", "A code was typed for this payment already.", { field: "code" });
  const code = normalCode(given.code);
  const typed: Typed = isTaken(code)
    ? { code, by: given.by, atMs: nowMs, state: "mismatch", says: "Another sale has the same code." }
    : { code, by: given.by, atMs: nowMs, state: "pending", says: null };
  return { ...payment, typed };
}

/** What the look-up came to. Only a pending code moves. */
export function settled(
  payment: Payment,
  code: string,
  state: Exclude<Typed["state"], "pending">,
  says: string,
): Payment {
  const { typed } = payment;
  return typed === null || typed.code !== code || typed.state !== "pending"
    ? payment
    : { ...payment, typed: { ...typed, state, says } };
}
