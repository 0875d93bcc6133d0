import { draw, drawText } from "../../simulator/machine.ts";
import { nairobiStamp } from "../../simulator/nairobi.ts";
import type { Charge, MpesaState } from "./state.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHANUMERIC = `${ALPHABET}0123456789`;
/** L is 2017. */
const FIRST_YEAR = 2017 - ALPHABET.indexOf("L");

/** A receipt code: year, month and day in Nairobi, then seven characters. Unused so far. */
export function newReceipt(state: MpesaState, atMs: number): string {
  const stamp = nairobiStamp(atMs);
  const year = ALPHABET[(Number(stamp.slice(0, 4)) - FIRST_YEAR) % ALPHABET.length];
  const month = ALPHABET[Number(stamp.slice(4, 6)) - 1];
  const day = `0123456789${ALPHABET}`[Number(stamp.slice(6, 8))];
  const code = `${year}${month}${day}${drawText(state, ALPHANUMERIC, 7)}`;
  return state.charges.some(({ receipt }) => receipt === code) ? newReceipt(state, atMs) : code;
}

/** Takes money from a phone. The caller has looked at its balance. */
export function charge(state: MpesaState, facts: Omit<Charge, "receipt">): Charge {
  const made = { ...facts, receipt: newReceipt(state, facts.atMs) };
  state.charges.push(made);
  return made;
}

export function newMerchantRequestId(state: MpesaState): string {
  return `${1000 + Math.floor(draw(state) * 9000)}-${drawText(state, "0123456789abcdef", 4)}-${drawText(state, "0123456789abcdef", 16)}1`;
}

/** `ws_CO_`, DDMMYYYYHHmmss in Nairobi, milliseconds without padding, last nine digits of the phone. */
export function newCheckoutRequestId(state: MpesaState, msisdn: string, atMs: number): string {
  const stamp = nairobiStamp(atMs);
  const day = `${stamp.slice(6, 8)}${stamp.slice(4, 6)}${stamp.slice(0, 4)}${stamp.slice(8)}`;
  const id = `ws_CO_${day}${atMs % 1000}${msisdn.slice(-9)}`;
  // Two in one millisecond still have two ids.
  const isTaken = state.pushes.some(({ checkoutRequestId }) => checkoutRequestId === id);
  return isTaken ? newCheckoutRequestId(state, msisdn, atMs + 1) : id;
}
