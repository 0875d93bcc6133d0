import { SyncError } from "@tillsync/protocol";
import { stampOf } from "../../client/nairobi.ts";
import { toldKes, wholeKes } from "./amount.ts";
import { asObject, listOf, objectOf, wordOf } from "./json.ts";
import type { DarajaSettings } from "./settings.ts";

export interface PushFacts {
  /** Of the attempt; part of the callback's path, and not guessable. */
  readonly attemptId: string;
  readonly phone: string;
  readonly amount: number;
  /** The sale as the customer reads it: at most 12 letters and digits. */
  readonly reference: string;
}

const NAIROBI_OFFSET_MS = 3 * 3_600_000;

/** Password and timestamp belong together: the one is made with the other. */
export function signed(settings: DarajaSettings, nowMs: number) {
  const { shortcode, passkey, timestampZone } = settings;
  const Timestamp = stampOf(timestampZone === "utc" ? nowMs - NAIROBI_OFFSET_MS : nowMs);
  const Password = Buffer.from(`${shortcode}${passkey}${Timestamp}`).toString("base64");
  return { BusinessShortCode: shortcode, Password, Timestamp };
}

export function callbackUrl({ callbackBase }: DarajaSettings, kind: "push" | "result" | "late", id: string): string {
  return `${callbackBase.replace(/\/+$/, "")}/${kind}/${id}`;
}

/** @throws SyncError INVALID_INPUT for what M-Pesa would refuse, before anything is sent */
export function pushBody(settings: DarajaSettings, facts: PushFacts, nowMs: number) {
  if (!/^[A-Za-z0-9]{1,12}$/.test(facts.reference))
    throw new SyncError("INVALID_INPUT", "A reference for M-Pesa has 1 to 12 letters and digits.", {
      field: "reference",
    });
  const phone = settings.phoneAs === "number" ? Number(facts.phone) : facts.phone;
  return {
    ...signed(settings, nowMs),
    TransactionType: settings.kind === "till" ? "CustomerBuyGoodsOnline" : "CustomerPayBillOnline",
    Amount: wholeKes(facts.amount),
    PartyA: phone,
    PartyB: settings.kind === "till" ? settings.till : settings.shortcode,
    PhoneNumber: phone,
    CallBackURL: callbackUrl(settings, "push", facts.attemptId),
    AccountReference: facts.reference,
    TransactionDesc: "Sale",
  };
}

export function queryBody(settings: DarajaSettings, checkoutRequestId: string, nowMs: number) {
  return { ...signed(settings, nowMs), CheckoutRequestID: checkoutRequestId };
}

/** What a callback claims. Anybody can send one, so it is a reason to ask and nothing more. */
export interface PushHint {
  readonly checkoutRequestId: string;
  readonly resultCode: string;
  readonly amount?: number;
  readonly receipt?: string;
}

/** Reads tolerantly: items by name, numbers or texts. Undefined for what names no push. */
export function readPushCallback(raw: string): PushHint | undefined {
  const callback = asObject(asObject(objectOf(raw)?.Body)?.stkCallback);
  const checkoutRequestId = wordOf(callback?.CheckoutRequestID);
  const resultCode = wordOf(callback?.ResultCode);
  if (!checkoutRequestId || checkoutRequestId.length > 100 || resultCode === undefined) return undefined;
  const items = new Map(
    listOf(asObject(callback?.CallbackMetadata)?.Item).map((one) => [
      wordOf(asObject(one)?.Name),
      asObject(one)?.Value,
    ]),
  );
  const amount = toldKes(items.get("Amount"));
  const receipt = wordOf(items.get("MpesaReceiptNumber"));
  return {
    checkoutRequestId,
    resultCode,
    ...(amount === undefined ? {} : { amount }),
    ...(receipt ? { receipt: receipt.toUpperCase() } : {}),
  };
}
