import type { Charge, MpesaState } from "./state.ts";

export interface MpesaCounts {
  readonly pushes: number;
  readonly open: number;
  readonly paid: number;
  readonly charges: number;
  /** Charges beyond the first of one phone for one reference at one shortcode. */
  readonly doubleCharges: number;
  /** What the phones were charged in all, in whole shillings. */
  readonly chargedKes: number;
  readonly callbacks: number;
}

export function countPayments(state: MpesaState): MpesaCounts {
  return {
    pushes: state.pushes.length,
    open: state.pushes.filter(({ result }) => result === null).length,
    paid: state.pushes.filter(({ result }) => result === "0").length,
    charges: state.charges.length,
    doubleCharges: doubleCharges(state.charges).length,
    chargedKes: state.charges.reduce((sum, { amount }) => sum + amount, 0),
    callbacks: state.delivered.length,
  };
}

/** Without a reference (a till's C2B payment) nobody can say what a payment was for, so it is not one of these. */
export function doubleCharges(charges: readonly Charge[]): Charge[] {
  const seen = new Set<string>();
  return charges.filter(({ msisdn, shortcode, reference }) => {
    if (reference === "") return false;
    const key = JSON.stringify([msisdn, shortcode, reference]);
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
}
