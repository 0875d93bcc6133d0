import type { Found, Outcome, Reply } from "@tillsync/lanes";
import { WALK_IN } from "../invoice/sale-request.ts";
import { hear } from "./envelope.ts";
import type { EtimsItem } from "./item.ts";
import type { EtimsMode } from "./paths.ts";
import { type Classed, classify } from "./result-classes.ts";
import { invoiceIn, signatureIn } from "./signature.ts";

/** After "too many look-ups", milliseconds: KRA says no time, so it is one that no person notices. */
export const VIEWS_PAUSE_MS = 60_000;

/** What the reply to a sale or a credit note means. */
export function saleOutcome(mode: EtimsMode, reply: Reply): Outcome {
  if (reply.kind === "silence") return silentOutcome(reply);
  const said = hear(reply.text);
  const classed = classify(reply.status, said);
  const { code, message } = classed;
  // A VSCU says 899 for a number that was used, and for broken key files: the look-up tells.
  if (mode === "vscu" && code === "899") return { verdict: "duplicate", code, message };
  if (classed.class === "done") {
    if (signatureIn(reply.text) !== undefined) return { verdict: "accepted" };
    return { verdict: "unknown", code: "NO_SIGNATURE", message: "KRA says that it succeeded and gives no signature." };
  }
  return writeOutcome(classed, reply.retryAfterMs);
}

/** What the reply to any other call that writes means: item, stock movement, stock. */
export function registrationOutcome(reply: Reply): Outcome {
  if (reply.kind === "silence") return silentOutcome(reply);
  const classed = classify(reply.status, hear(reply.text));
  return classed.class === "done" ? { verdict: "accepted" } : writeOutcome(classed, reply.retryAfterMs);
}

function silentOutcome({ arrived, code, message }: Extract<Reply, { kind: "silence" }>): Outcome {
  return { verdict: arrived === "no" ? "retry" : "unknown", code, message };
}

function writeOutcome(classed: Classed, retryAfterMs: number | undefined): Outcome {
  const { code, message } = classed;
  const after = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (classed.class) {
    case "duplicate":
    case "number":
      return { verdict: "duplicate", code, message };
    case "data":
      return { verdict: "parked", code, message };
    case "device":
      return { verdict: "retry", code, message, blocksLane: true, ...after };
    case "token":
      return { verdict: "retry", code, message, ...after };
    default:
      // What says nothing that this call could be told, an empty list for instance, is as good as no answer.
      return { verdict: "unknown", code, message };
  }
}

/** What the reply to a look-up of an invoice means for the item that was sent. */
export function invoiceFound(item: EtimsItem, reply: Reply): Found {
  if (reply.kind === "silence") return { verdict: "unknown", code: reply.code, message: reply.message };
  const said = hear(reply.text);
  const { class: found, code, message } = classify(reply.status, said);
  if (found === "empty") return { verdict: "absent" };
  if (found === "done" && said?.data) return comparedWith(item, reply.text);
  const retryAfterMs = reply.retryAfterMs ?? (found === "later" ? VIEWS_PAUSE_MS : undefined);
  return { verdict: "unknown", code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Under the number that we sent there may be our invoice, or one of another system that has the same PIN. */
function comparedWith(item: EtimsItem, text: string): Found {
  const { invcNo, request } = item;
  const there = invoiceIn(text, invcNo);
  // Success without the invoice: only 001 says that it is not there.
  if (there === undefined)
    return {
      verdict: "unknown",
      code: "NO_INVOICE",
      message: `The look-up of invoice ${invcNo} gave no such invoice.`,
    };
  if (there.trdInvcNo === undefined)
    return { verdict: "parked", code: "NOT_NAMED", message: `KRA does not say whose invoice ${invcNo} is.` };
  if (there.trdInvcNo !== request.trdInvcNo) {
    const message = `Invoice ${invcNo} is ${there.trdInvcNo} at KRA: another system uses this PIN.`;
    return { verdict: "parked", code: NUMBER_TAKEN, message };
  }
  const isSame =
    there.totalMinor === request.totalMinor &&
    buyerOf(there.custTin) === buyerOf(request.body.custTin) &&
    (there.rcptTyCd ?? request.body.rcptTyCd) === request.body.rcptTyCd;
  if (!isSame)
    return { verdict: "parked", code: "DIFFERS", message: `KRA's invoice ${invcNo} has our name and other contents.` };
  if (signatureIn(text) === undefined)
    return { verdict: "unknown", code: "NO_SIGNATURE", message: `KRA has invoice ${invcNo} and gives no signature.` };
  return { verdict: "there" };
}

/** An unknown buyer is nobody, whichever way that is written. */
function buyerOf(custTin: string | null | undefined): string | undefined {
  return custTin === null || custTin === WALK_IN.custTin ? undefined : custTin;
}

/** Code of a look-up that found somebody else's invoice under the number: ours certainly has not that number. */
export const NUMBER_TAKEN = "NUMBER_TAKEN";
