import { SyncError } from "@tillsync/protocol";

/** 254, then 7 or 1, then eight digits. */
const KENYAN = /^254[17]\d{8}$/;

/** A number as M-Pesa takes it, whichever way a cashier typed it. @throws SyncError INVALID_INPUT, without the number */
export function normalPhone(typed: string): string {
  const plain = typed.replace(/[\s().-]/g, "").replace(/^\+/, "");
  const national = plain.replace(/^(00254|254|0)/, "");
  const phone = `254${national}`;
  if (/^\d+$/.test(plain) && KENYAN.test(phone)) return phone;
  throw new SyncError(
    "INVALID_INPUT",
    "This is no M-Pesa number. Expected: 07XX XXX XXX or 01XX XXX XXX (ten digits), or the same with 254 in place of the 0.",
    { field: "phone" },
  );
}

/** For people: enough to recognise, too little to call. */
export function maskedPhone(phone: string): string {
  return `${phone.slice(0, 4)} ***** ${phone.slice(-3)}`;
}

/** Whether a number as M-Pesa tells it (whole, or masked as `2547 ***** 126`) can be this one. A hash says nothing. */
export function mayBePhone(told: string, phone: string): boolean {
  const plain = told.replace(/\s/g, "");
  if (/^\d+$/.test(plain)) return plain === phone;
  const masked = /^(\d*)\*+(\d*)$/.exec(plain);
  return masked === null || (phone.startsWith(masked[1] ?? "") && phone.endsWith(masked[2] ?? ""));
}
