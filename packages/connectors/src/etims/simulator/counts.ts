import { expectedNumber } from "./numbers.ts";
import type { EtimsState, Invoice } from "./state.ts";
import { backlog } from "./vscu.ts";

export interface EtimsCounts {
  /** Invoices and credit notes that were accepted from us. */
  readonly accepted: number;
  /** Those beyond the first with the same trdInvcNo and type at one branch: a sale that was declared twice. */
  readonly duplicates: number;
  /** Numbers below the highest that nobody used. */
  readonly gaps: number;
  /** Of another system with the same PIN. */
  readonly foreign: number;
  /** Sales and credit notes that were refused. */
  readonly refused: number;
  /** What a VSCU has signed and not uploaded. */
  readonly backlog: number;
}

export function countInvoices(state: EtimsState): EtimsCounts {
  const own = state.invoices.filter(({ foreign }) => !foreign);
  return {
    accepted: own.length,
    duplicates: duplicatesOf(own).length,
    gaps: gapsOf(state).length,
    foreign: state.invoices.length - own.length,
    refused: state.refusals,
    backlog: backlog(state),
  };
}

export function duplicatesOf(invoices: readonly Invoice[]): Invoice[] {
  const seen = new Set<string>();
  return invoices.filter(({ tin, bhfId, rcptTyCd, trdInvcNo, foreign }) => {
    if (foreign) return false;
    const key = JSON.stringify([tin, bhfId, rcptTyCd, trdInvcNo]);
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
}

/** Numbers that were passed over, by counter. */
export function gapsOf(state: EtimsState): { tin: string; bhfId: string; invcNo: number }[] {
  const isOfBranch = state.settings.counterScope === "branch";
  const counters = new Map(state.invoices.map((one) => [isOfBranch ? `${one.tin}/${one.bhfId}` : one.tin, one]));
  return [...counters.values()].flatMap(({ tin, bhfId }) => {
    const used = new Set(
      state.invoices
        .filter((one) => one.tin === tin && (!isOfBranch || one.bhfId === bhfId))
        .map(({ invcNo }) => invcNo),
    );
    const below = Array.from({ length: expectedNumber(state, { tin, bhfId }) - 1 }, (_, index) => index + 1);
    return below.filter((invcNo) => !used.has(invcNo)).map((invcNo) => ({ tin, bhfId, invcNo }));
  });
}
