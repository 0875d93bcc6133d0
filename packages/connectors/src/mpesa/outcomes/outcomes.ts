import type { Reply } from "@tillsync/lanes";
import { objectOf, wordOf } from "../client/json.ts";
import { type ErrorMeaning, errorOf } from "./errors.ts";
import { PUSH_RESULT_ROWS, type PushResultRow, rowOf } from "./results.ts";

/** What the reply to a push means. Accepted is not paid. */
export type PushOutcome =
  | { readonly verdict: "accepted"; readonly checkoutRequestId: string }
  /** Certainly not carried out: no phone was asked. */
  | {
      readonly verdict: "refused";
      readonly cause: Exclude<ErrorMeaning, "unknown" | "no_answer"> | "not_sent";
      readonly code: string;
      readonly message: string;
    }
  /** The customer may be asked, and may pay. */
  | { readonly verdict: "unknown"; readonly code: string; readonly message: string };

export function pushOutcomeOf(reply: Reply): PushOutcome {
  if (reply.kind === "silence") {
    const { code, message } = reply;
    return reply.arrived === "no"
      ? { verdict: "refused", cause: "not_sent", code, message }
      : { verdict: "unknown", code, message };
  }
  const body = objectOf(reply.text);
  const checkoutRequestId = wordOf(body?.CheckoutRequestID);
  if (reply.status === 200 && wordOf(body?.ResponseCode) === "0" && checkoutRequestId)
    return { verdict: "accepted", checkoutRequestId };
  const { meaning, code, message } = errorOf(reply);
  if (meaning === "unknown" || meaning === "no_answer") return { verdict: "unknown", code, message };
  return { verdict: "refused", cause: meaning, code, message };
}

/** What STK Query says of a push. */
export type QueryOutcome =
  | { readonly verdict: "paid" }
  | { readonly verdict: "not_paid"; readonly code: string; readonly row: PushResultRow }
  | { readonly verdict: "pending" }
  /** It said nothing: it is asked again, and nothing was lost by it. */
  | { readonly verdict: "no_answer"; readonly code: string; readonly message: string };

export function queryOutcomeOf(reply: Reply, checkoutRequestId: string): QueryOutcome {
  if (reply.kind === "silence") return { verdict: "no_answer", code: reply.code, message: reply.message };
  const body = objectOf(reply.text);
  const code = wordOf(body?.ResultCode);
  const isAnswer = reply.status === 200 && body?.errorCode === undefined && wordOf(body?.ResponseCode) === "0";
  if (!isAnswer || code === undefined) {
    const error = errorOf(reply);
    return { verdict: "no_answer", code: error.code, message: error.message };
  }
  // Somebody else's push may have been paid.
  if (wordOf(body?.CheckoutRequestID) !== checkoutRequestId)
    return { verdict: "no_answer", code: "OTHER_PUSH", message: "The answer is about another push." };
  const row = rowOf(PUSH_RESULT_ROWS, code);
  if (row === undefined)
    return { verdict: "no_answer", code, message: `Result ${code.slice(0, 40)}, which is not known.` };
  if (row.meaning === "not_paid") return { verdict: "not_paid", code, row };
  return { verdict: row.meaning };
}

/** What the reply to a call means that may be repeated: Transaction Status, Pull, and registering addresses. */
export type AskOutcome =
  | { readonly verdict: "taken" }
  | { readonly verdict: "none" }
  | { readonly verdict: "failed"; readonly cause: ErrorMeaning; readonly code: string; readonly message: string };

export function askOutcomeOf(reply: Reply, call: "status" | "register" | "pullRegister" | "pull"): AskOutcome {
  if (reply.kind === "silence")
    return { verdict: "failed", cause: "no_answer", code: reply.code, message: reply.message };
  const body = objectOf(reply.text);
  const said = wordOf(call === "pullRegister" ? body?.ResponseStatus : body?.ResponseCode);
  if (reply.status === 200 && body?.errorCode === undefined && said !== undefined) {
    if (TAKEN[call].includes(said)) return { verdict: "taken" };
    if (call === "pull" && said === "1001") return { verdict: "none" };
  }
  const { meaning, code, message } = errorOf(reply);
  if (call === "register" && /already registered/i.test(message)) return { verdict: "taken" };
  return { verdict: "failed", cause: meaning, code, message };
}

const TAKEN: Readonly<Record<"status" | "register" | "pullRegister" | "pull", readonly string[]>> = {
  status: ["0"],
  // Some gateways pad it.
  register: ["0", "00000000"],
  pullRegister: ["1000", "1001"],
  pull: ["1000"],
};
