import type { Destination, Reply } from "@tillsync/lanes";
import { type EtimsItem, saleBody } from "./item.ts";
import { invoiceFound, saleOutcome } from "./outcomes.ts";
import type { ControlUnit } from "./unit.ts";

/** A control unit as the far end of a lane. One lane, one sender: KRA's numbers have no room for two. */
export function etimsDestination(unit: ControlUnit): Destination<EtimsItem> {
  const { mode, vscuLookUp } = unit.settings;
  const cannotLookUp = mode === "vscu" && vscuLookUp === "none";
  return {
    deliver: (item, signal) => unit.call("sale", saleBody(item), signal),
    lookUp: (item, signal) =>
      cannotLookUp ? Promise.resolve(NO_LOOK_UP) : unit.call("invoice", { invcNo: item.invcNo }, signal),
    outcomeOf: (_item, reply) => saleOutcome(mode, reply),
    foundOf: (item, reply) =>
      cannotLookUp ? { verdict: "parked", code: "NO_LOOK_UP", message: NO_LOOK_UP.message } : invoiceFound(item, reply),
  };
}

const NO_LOOK_UP: Extract<Reply, { kind: "silence" }> = {
  kind: "silence",
  arrived: "no",
  code: "UNREACHABLE",
  message: "This VSCU cannot be asked for an invoice: compare its receipt counter, or look at KRA's portal.",
};
