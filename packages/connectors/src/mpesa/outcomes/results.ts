/** What a result code of a push means, and whether the cashier may ask the customer again. */
export interface PushResultRow {
  readonly meaning: "paid" | "not_paid" | "pending";
  /** `no`: not with the same amount and method. `check`: only when the push before was looked at. */
  readonly again: "no" | "cashier" | "check";
  /** Before a new push makes sense, in milliseconds. */
  readonly waitMs: number;
  /** For the cashier. */
  readonly says: string;
}

const row = (again: PushResultRow["again"], says: string, waitMs = 0): PushResultRow => ({
  meaning: "not_paid",
  again,
  waitMs,
  says,
});

/** Codes only: the texts differ by channel and by day. What is not here is not known, and never a failure. */
export const PUSH_RESULT_ROWS: Readonly<Record<string, PushResultRow>> = {
  "0": { meaning: "paid", again: "no", waitMs: 0, says: "Paid." },
  "1": row("cashier", "The customer has too little money in M-Pesa."),
  "2": row("no", "The amount is below what M-Pesa takes."),
  "3": row("no", "The amount is above what M-Pesa takes at a time."),
  "4": row("no", "The customer has reached the limit of the day."),
  "8": row("no", "The shop's account cannot take more."),
  "17": row("check", "The same customer paid the same amount within two minutes: look at that payment first.", 120_000),
  "26": row("cashier", "M-Pesa is busy.", 30_000),
  "1001": row("check", "The customer's phone has another request open.", 60_000),
  "1019": row("cashier", "The request has expired."),
  "1025": row("cashier", "The request could not be shown: use a shorter reference."),
  "1032": row("cashier", "The customer cancelled."),
  "1037": row("check", "The phone could not be reached, or nobody answered."),
  "2001": row("cashier", "Wrong PIN."),
  "2028": row("no", "M-Pesa is set up wrongly: kind or till number."),
  SFC_IC0003: row("no", "M-Pesa is set up wrongly: kind or till number."),
  "4999": { meaning: "pending", again: "no", waitMs: 0, says: "The customer is being asked." },
  "8006": row("no", "The customer's PIN is locked."),
  "9999": row("check", "The request could not be sent to the phone."),
};

/** What a result of Transaction Status means. All but 0 and 2032 say nothing about the payment. */
export const STATUS_RESULT_ROWS: Readonly<
  Record<string, { readonly meaning: "found" | "not_found" | "account"; readonly says: string }>
> = {
  "0": { meaning: "found", says: "There is such a payment." },
  "2032": { meaning: "not_found", says: "M-Pesa knows no payment with this code." },
  "25": { meaning: "not_found", says: "M-Pesa does not take this for a code." },
  "2001": { meaning: "account", says: "The initiator's name or password is wrong." },
  "21": { meaning: "account", says: "The initiator may not ask for payments." },
  "8006": { meaning: "account", says: "The initiator is locked." },
  SFC_IC0003: { meaning: "account", says: "The initiator does not exist." },
};

/** A code comes from outside, and an object of ours has more names than its rows. */
export function rowOf<T>(rows: Readonly<Record<string, T>>, code: string): T | undefined {
  return Object.hasOwn(rows, code) ? rows[code] : undefined;
}
