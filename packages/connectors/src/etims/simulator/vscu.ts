import { type Outcome, refused } from "./result-codes.ts";
import type { EtimsState } from "./state.ts";

/** A VSCU issues no receipt numbers when it has not reached KRA for so long. */
export const CEILING_MS = 24 * 3_600_000;

/** What goes on between a VSCU and KRA without anybody asking: contact, and the upload of what was signed meanwhile. */
export function keepContact(state: EtimsState, nowMs: number): void {
  if (!state.link.isUp) return;
  state.link.lastContactMs = nowMs;
  for (const invoice of state.invoices) invoice.uploaded = true;
}

export function isOverCeiling(state: EtimsState, nowMs: number): boolean {
  const { wire } = state.settings;
  const { isUp, lastContactMs } = state.link;
  return wire === "vscu" && !isUp && (lastContactMs === null || nowMs - lastContactMs >= CEILING_MS);
}

export function backlog(state: EtimsState): number {
  return state.invoices.filter(({ uploaded }) => !uploaded).length;
}

export function storageRefusal(state: EtimsState): Outcome | undefined {
  const isFull = state.settings.wire === "vscu" && backlog(state) >= state.settings.vscuStorage;
  return isFull ? refused("E11") : undefined;
}
