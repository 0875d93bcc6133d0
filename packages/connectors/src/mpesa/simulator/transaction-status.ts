import { type Answer, drawText, jsonAnswer } from "../../simulator/machine.ts";
import { nairobiStamp } from "../../simulator/nairobi.ts";
import { errorAnswer } from "./errors.ts";
import { isCallbackUrl } from "./pushes.ts";
import { newReceipt } from "./receipts.ts";
import { numberIfOne, STATUS_RESULTS, type StatusResult } from "./result-codes.ts";
import { type Charge, type Json, type MpesaState, phoneOf, post } from "./state.ts";

const DIGITS = "0123456789";

/** Transaction Status: an acknowledgement now, which looks at no credential, and the result to ResultURL later. */
export function askStatus(state: MpesaState, body: Json, ordered: string | null, nowMs: number, code?: string): Answer {
  const { settings } = state;
  const checks: readonly (readonly [string, boolean])[] = [
    ["CommandID", body.CommandID === "TransactionStatusQuery"],
    ["PartyA", String(body.PartyA) === settings.shortcode || String(body.PartyA) === settings.till],
    ["IdentifierType", String(body.IdentifierType) === "4"],
    ["ResultURL", isCallbackUrl(body.ResultURL, settings)],
    ["QueueTimeOutURL", isCallbackUrl(body.QueueTimeOutURL, settings)],
    ["Remarks", typeof body.Remarks === "string" && body.Remarks.length <= 100],
    ["TransactionID", Boolean(body.TransactionID) || Boolean(body.OriginalConversationID)],
  ];
  const wrong = checks.find(([, isRight]) => !isRight)?.[0];
  if (wrong !== undefined) return errorAnswer(state, "invalidField", `Bad Request - Invalid ${wrong}`);
  const ids = {
    OriginatorConversationID: `${drawText(state, DIGITS, 4)}-${drawText(state, DIGITS, 7)}-1`,
    ConversationID: `AG_${nairobiStamp(nowMs).slice(0, 8)}_${drawText(state, "0123456789abcdef", 20)}`,
  };
  answerLater(state, { body, ids, ordered, code }, nowMs);
  return jsonAnswer(200, {
    ...ids,
    ResponseCode: "0",
    ResponseDescription: "Accept the service request successfully.",
  });
}

interface Asked {
  readonly body: Json;
  readonly ids: Json;
  readonly ordered: string | null;
  readonly code: string | undefined;
}

function answerLater(state: MpesaState, { body, ids, ordered, code }: Asked, nowMs: number): void {
  const dueAtMs = nowMs + (ordered === "resultEarly" ? 0 : state.settings.statusDelayMs);
  if (ordered === "resultNever") return;
  if (ordered === "queueTimeOut") {
    post(state, "queueTimeOut", String(body.QueueTimeOutURL), { Result: { ResultType: 1, ...ids } }, dueAtMs);
    return;
  }
  const isTrusted = body.Initiator === state.settings.initiator && Boolean(body.SecurityCredential);
  if (!isTrusted && code === undefined && state.settings.wrongCredential === "silence") return;
  const found = state.charges.find((one) => one.receipt === body.TransactionID);
  const given = (code !== undefined && code in STATUS_RESULTS ? code : undefined) as StatusResult | undefined;
  const result = given ?? (isTrusted ? ownResult(body, found) : "2001");
  const Result = {
    ResultType: 0,
    ResultCode: numberIfOne(result),
    ResultDesc: STATUS_RESULTS[result],
    ...ids,
    TransactionID: newReceipt(state, nowMs),
    ...(result === "0" && found !== undefined ? { ResultParameters: parameters(state, found) } : {}),
    ReferenceData: { ReferenceItem: { Key: "Occasion" } },
  };
  post(state, "statusResult", String(body.ResultURL), { Result }, dueAtMs);
}

function ownResult({ TransactionID }: Json, found: Charge | undefined): StatusResult {
  if (found !== undefined) return "0";
  return /^[A-Z0-9]{10}$/.test(String(TransactionID)) ? "2032" : "25";
}

function parameters(state: MpesaState, { receipt, amount, msisdn, shortcode, atMs }: Charge): object {
  const all = [
    { Key: "ReceiptNo", Value: receipt },
    { Key: "Amount", Value: amount },
    { Key: "TransactionStatus", Value: "Completed" },
    { Key: "DebitPartyName", Value: `${msisdn} - ${phoneOf(state, msisdn).name}` },
    { Key: "CreditPartyName", Value: `${shortcode} - TILLSYNC SIMULATED SHOP` },
    { Key: "FinalisedTime", Value: nairobiStamp(atMs) },
  ];
  // The whole is more than one parameter; the setting shows what a reader has to take all the same.
  return { ResultParameter: state.settings.singleParameter === "object" ? all[0] : all };
}
