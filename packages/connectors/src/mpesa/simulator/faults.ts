import { FAULT_KINDS, type Fault, spoil } from "../../simulator/faults.ts";
import { type Answer, plainReply, type Reply } from "../../simulator/machine.ts";
import { ERRORS, type ErrorName, errorAnswer } from "./errors.ts";
import type { MpesaState } from "./state.ts";

/** What is ordered for the callback of a push; the answer to the push is the service's own. */
export const CALLBACK_FAULTS = {
  callbackNever: "The callback of this push never comes.",
  callbackTwice: "It comes twice.",
  callbackEarly: "It comes before the answer to the push does; a phone that is asked approves at once.",
  callbackLate: "It comes ten minutes late.",
  callbackAmount: "It names an amount that is one shilling less.",
} as const;

/** What is ordered for the result of a status query. */
export const RESULT_FAULTS = {
  resultEarly: "The result comes before the acknowledgement does.",
  resultNever: "It never comes.",
  queueTimeOut: "QueueTimeOutURL is called in its place.",
  resultCode: "It has ResultCode `code`.",
} as const;

export const MPESA_FAULTS = {
  ...FAULT_KINDS,
  error: "The error whose name is `code`, with its HTTP status, or with `message` and `status`.",
  ...CALLBACK_FAULTS,
  ...RESULT_FAULTS,
} as const;

export function mayStrike(kind: string, operation: string): boolean {
  if (kind in CALLBACK_FAULTS) return operation === "push";
  if (kind in RESULT_FAULTS) return operation === "status";
  return true;
}

/** The reply that a fault makes of the service's own answer. */
export function mpesaReply(state: MpesaState, fault: Fault, answer: Answer): Reply {
  const plain = spoil(fault, answer);
  if (plain !== undefined) return plain;
  const isFirst = fault.kind === "callbackEarly" || fault.kind === "resultEarly";
  if (fault.kind !== "error") return { ...plainReply(answer), deliverFirst: isFirst };
  const name = (fault.code !== undefined && fault.code in ERRORS ? fault.code : "internal") as ErrorName;
  return plainReply(errorAnswer(state, name, fault.message, fault.status));
}
