import { type Outcome, type ResultCode, refused } from "./result-codes.ts";
import { type EtimsState, type Invoice, sameCounter } from "./state.ts";

interface Branch {
  readonly tin: string;
  readonly bhfId: string;
}

/** The number that the next accepted invoice must have. It moves on acceptance only. */
export function expectedNumber(state: EtimsState, branch: Branch): number {
  return sameCounter(state, branch).reduce((highest, { invcNo }) => Math.max(highest, invcNo), 0) + 1;
}

export function invoiceWith(state: EtimsState, branch: Branch, invcNo: number): Invoice | undefined {
  return sameCounter(state, branch).find((one) => one.invcNo === invcNo);
}

/** Why a number is refused; undefined when it may be used. */
export function numberRefusal(state: EtimsState, branch: Branch, invcNo: number): Outcome | undefined {
  const expected = expectedNumber(state, branch);
  if (invcNo === expected) return undefined;
  const text = numberText(state, invcNo, expected);
  const { wire, gaps, duplicateAnswer, gapAnswer } = state.settings;
  if (invcNo < expected) {
    // A tolerated gap can be filled later: only a number that was used is a duplicate.
    if (gaps === "tolerate" && invcNo > 0 && invoiceWith(state, branch, invcNo) === undefined) return undefined;
    const code =
      duplicateAnswer === "wire" ? ({ direct: "994", gateway: "text", vscu: "899" } as const)[wire] : duplicateAnswer;
    return withCode(code, text);
  }
  if (gaps === "tolerate") return undefined;
  const code = gapAnswer === "wire" ? ({ direct: "910", gateway: "text", vscu: "899" } as const)[wire] : gapAnswer;
  return withCode(code, text);
}

function withCode(code: ResultCode | "text", text: string): Outcome {
  if (code === "text") return refused("910", text);
  // The bare code says nothing of the number, as those who met it report.
  return code === "910" ? refused(code, text) : refused(code);
}

function numberText(state: EtimsState, got: number, expected: number): string {
  return state.settings.numberWording === "expected-value"
    ? `Invc No: ${got} is invalid, use the expected value: ${expected}`
    : `Invalid invcNo sequence, expected: ${expected} but found: ${got}`;
}
