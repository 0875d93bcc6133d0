import { constants, publicEncrypt } from "node:crypto";
import { SyncError } from "@tillsync/protocol";
import { momentOf } from "../../client/nairobi.ts";
import { toldKes } from "./amount.ts";
import { asObject, listOf, objectOf, wordOf } from "./json.ts";
import { callbackUrl } from "./push.ts";
import type { DarajaSettings } from "./settings.ts";

/** A payment as M-Pesa tells it, whichever way. */
export interface ToldPayment {
  readonly receipt: string;
  readonly amount: number | undefined;
  readonly isCompleted: boolean;
  /** Whom it went to, as far as it says: begins with the shortcode or till. */
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly reference: string | undefined;
  readonly atMs: number | undefined;
}

/** What the initiator's password is sent as (RSA with PKCS#1 v1.5, base64). It is good for 90 days. */
export function securityCredential(password: string, certificatePem: string): string {
  const key = { key: certificatePem, padding: constants.RSA_PKCS1_PADDING };
  return publicEncrypt(key, Buffer.from(password)).toString("base64");
}

/** `id` is ours, and comes back in the path of the result. */
export function statusBody(settings: DarajaSettings, code: string, id: string) {
  const { initiator } = settings;
  if (initiator === undefined)
    throw new SyncError("CONFIG_INVALID", "M-Pesa setting initiator: asking for a payment needs one.", {
      field: "initiator",
    });
  return {
    Initiator: initiator.name,
    SecurityCredential: initiator.securityCredential,
    CommandID: "TransactionStatusQuery",
    TransactionID: code,
    PartyA: settings.shortcode,
    IdentifierType: "4",
    ResultURL: callbackUrl(settings, "result", id),
    QueueTimeOutURL: callbackUrl(settings, "late", id),
    Remarks: "check",
    Occasion: "check",
  };
}

export interface StatusResult {
  readonly resultCode: string;
  readonly conversationId: string | undefined;
  /** Of result 0. `Result.TransactionID` is the query's own and not the payment's. */
  readonly payment: ToldPayment | undefined;
}

/** Undefined for what is no result, a call of QueueTimeOutURL among it. */
export function readStatusResult(raw: string): StatusResult | undefined {
  const result = asObject(objectOf(raw)?.Result);
  const resultCode = wordOf(result?.ResultCode);
  if (result === undefined || resultCode === undefined) return undefined;
  const parameters = new Map<string | undefined, unknown>();
  // The documents repeat a key; the first counts.
  for (const one of listOf(asObject(result.ResultParameters)?.ResultParameter)) {
    const key = wordOf(asObject(one)?.Key);
    if (!parameters.has(key)) parameters.set(key, asObject(one)?.Value);
  }
  const receipt = wordOf(parameters.get("ReceiptNo"));
  const payment =
    resultCode === "0" && receipt
      ? {
          receipt: receipt.toUpperCase(),
          amount: toldKes(parameters.get("Amount")),
          isCompleted: wordOf(parameters.get("TransactionStatus")) === "Completed",
          to: wordOf(parameters.get("CreditPartyName")),
          from: wordOf(parameters.get("DebitPartyName")),
          reference: undefined,
          atMs: momentOf(wordOf(parameters.get("FinalisedTime")) ?? ""),
        }
      : undefined;
  return { resultCode, conversationId: wordOf(result.ConversationID), payment };
}
