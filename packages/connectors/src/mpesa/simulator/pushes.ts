import { type Answer, jsonAnswer } from "../../simulator/machine.ts";
import { nairobiMs, nairobiStamp } from "../../simulator/nairobi.ts";
import { confirmPayment } from "./c2b.ts";
import { errorAnswer } from "./errors.ts";
import { charge, newCheckoutRequestId, newMerchantRequestId } from "./receipts.ts";
import { numberIfOne, PUSH_RESULTS, type PushResult } from "./result-codes.ts";
import { type Json, type MpesaState, type Phone, type Push, phoneOf, post } from "./state.ts";

const MAX_AMOUNT = 250_000;
const MAX_DAY_AMOUNT = 500_000;
const TWO_MINUTES_MS = 120_000;
const DAY_MS = 86_400_000;
/** Words that a callback's address must not have, in any case. */
const WORDS = /m-?pesa|safaricom|exe|cmd|sql|query/i;
/** A prompt may have so many characters; what it says besides the reference takes most of them. */
const MAX_PROMPT = 182;

/** STK Push: accepted means that the phone is asked, not that anybody paid. */
export function takePush(state: MpesaState, body: Json, callback: string | null, nowMs: number): Answer {
  const wrong = invalidField(state, body);
  if (wrong !== undefined) return errorAnswer(state, "invalidField", `Bad Request - Invalid ${wrong}`);
  if (String(body.BusinessShortCode) !== state.settings.shortcode) return errorAnswer(state, "noMerchant");
  if (!isPassword(state, body)) return errorAnswer(state, "wrongCredentials");
  const msisdn = String(body.PhoneNumber);
  if (state.pushes.some((one) => one.msisdn === msisdn && one.result === null)) return errorAnswer(state, "locked");
  const phone = phoneOf(state, msisdn);
  const push: Push = {
    merchantRequestId: newMerchantRequestId(state),
    checkoutRequestId: newCheckoutRequestId(state, msisdn, nowMs),
    msisdn,
    amount: Number(body.Amount),
    shortcode: state.settings.shortcode,
    partyB: String(body.PartyB),
    accountReference: String(body.AccountReference),
    callbackUrl: String(body.CallBackURL),
    createdAtMs: nowMs,
    plan: planOf(state, body, phone, nowMs),
    result: null,
    receipt: null,
    callback,
  };
  state.pushes.push(push);
  // Whoever wants the callback before this answer gets it at once, and by the way that the push would have gone.
  if (callback === "callbackEarly") endPush(state, push, push.plan.result === "1037" ? "0" : push.plan.result, nowMs);
  return jsonAnswer(200, {
    MerchantRequestID: push.merchantRequestId,
    CheckoutRequestID: push.checkoutRequestId,
    ResponseCode: "0",
    ResponseDescription: "Success. Request accepted for processing",
    CustomerMessage: "Success. Request accepted for processing",
  });
}

export function isPassword({ settings }: MpesaState, { BusinessShortCode, Password, Timestamp }: Json): boolean {
  return Password === btoa(`${String(BusinessShortCode)}${settings.passkey}${String(Timestamp)}`);
}

/** The first field that is wrong; undefined when all are right. */
function invalidField(state: MpesaState, body: Json): string | undefined {
  const { settings } = state;
  const isWhole = /^\d{1,9}$/.test(String(body.Amount));
  const checks: readonly (readonly [string, boolean])[] = [
    ["BusinessShortCode", /^\d{5,7}$/.test(String(body.BusinessShortCode))],
    ["Password", typeof body.Password === "string" && body.Password !== ""],
    ["Timestamp", /^\d{14}$/.test(String(body.Timestamp)) && nairobiMs(String(body.Timestamp)) !== undefined],
    ["TransactionType", ["CustomerPayBillOnline", "CustomerBuyGoodsOnline"].includes(String(body.TransactionType))],
    ["Amount", isWhole && Number(body.Amount) >= 1 && Number(body.Amount) <= MAX_AMOUNT],
    ["PartyA", isMsisdn(body.PartyA)],
    ["PhoneNumber", isMsisdn(body.PhoneNumber)],
    ["PartyB", /^\d{5,7}$/.test(String(body.PartyB))],
    ["CallBackURL", isCallbackUrl(body.CallBackURL, settings)],
    [
      "AccountReference",
      typeof body.AccountReference === "string" && /^[A-Za-z0-9 _.-]{1,12}$/.test(body.AccountReference),
    ],
    ["TransactionDesc", body.TransactionDesc === undefined || String(body.TransactionDesc).length <= 13],
  ];
  return checks.find(([, isRight]) => !isRight)?.[0];
}

function isMsisdn(value: unknown): boolean {
  return /^254[17]\d{8}$/.test(String(value));
}

export function isCallbackUrl(value: unknown, settings: MpesaState["settings"]): boolean {
  if (typeof value !== "string" || !URL.canParse(value) || WORDS.test(value)) return false;
  const { protocol } = new URL(value);
  if (protocol !== "https:" && (settings.environment === "production" || protocol !== "http:")) return false;
  // `new URL` makes hosts lower case, so the text itself is looked at.
  const host = /^[a-z]+:\/\/([^/]*)/i.exec(value)?.[1] ?? "";
  return settings.upperCaseHost === "allowed" || host === host.toLowerCase();
}

/** What comes of a push if nobody touches the phone. */
function planOf(state: MpesaState, body: Json, phone: Phone, nowMs: number): Push["plan"] {
  const { settings } = state;
  const soon = nowMs + settings.approveMs;
  const scripted = state.nextResults.shift();
  if (scripted !== undefined) return { atMs: soon, result: scripted };
  const { shortcode, till } = settings;
  const isGoods = body.TransactionType === "CustomerBuyGoodsOnline";
  if (String(body.PartyB) !== (isGoods ? till : shortcode)) return { atMs: soon, result: "2028" };
  const areStrings = typeof body.PhoneNumber === "string" || typeof body.PartyA === "string";
  if (areStrings && settings.phoneNumbers === "string-times-out")
    return { atMs: nowMs + settings.noAnswerMs, result: "1037" };
  if (promptLength(body) > MAX_PROMPT) return { atMs: soon, result: "1025" };
  const amount = Number(body.Amount);
  const isRepeated = state.charges.some(
    (one) => one.msisdn === phone.msisdn && one.amount === amount && one.atMs > nowMs - TWO_MINUTES_MS,
  );
  if (isRepeated && settings.twoMinuteRule === "on") return { atMs: soon, result: "17" };
  switch (phone.habit) {
    case "approve":
      return { atMs: soon, result: "0" };
    case "cancel":
      return { atMs: soon, result: "1032" };
    case "wrongPin":
      return { atMs: soon, result: "2001" };
    case "locked":
      return { atMs: soon, result: "8006" };
    case "off":
      return { atMs: nowMs + settings.noAnswerMs, result: "1037" };
    default:
      return { atMs: nowMs + settings.promptMs, result: "1037" };
  }
}

function promptLength(body: Json): number {
  const text = `Do you want to pay Ksh${String(body.Amount)} to TILLSYNC SIMULATED SHOP Account no ${String(body.AccountReference)}?`;
  return text.length;
}

/** Ends an open push. A payment that the wallet cannot bear becomes "insufficient balance", whoever approved it. */
export function endPush(state: MpesaState, push: Push, wanted: PushResult, nowMs: number): void {
  const phone = phoneOf(state, push.msisdn);
  const result = wanted === "0" ? payable(state, push, phone, nowMs) : wanted;
  push.result = result;
  if (result === "0") {
    phone.balanceCents -= push.amount * 100;
    const { msisdn, amount, shortcode, accountReference: reference, checkoutRequestId } = push;
    const made = charge(state, { msisdn, amount, shortcode, reference, atMs: nowMs, checkoutRequestId });
    push.receipt = made.receipt;
    if (state.settings.stkConfirms === "yes") confirmPayment(state, made, nowMs);
  }
  postCallbacks(state, push, nowMs);
}

function payable(state: MpesaState, push: Push, phone: Phone, nowMs: number): PushResult {
  if (phone.balanceCents < push.amount * 100) return "1";
  const today = state.charges.filter(({ msisdn, atMs }) => msisdn === push.msisdn && atMs > nowMs - DAY_MS);
  const spent = today.reduce((sum, { amount }) => sum + amount, 0);
  return spent + push.amount > MAX_DAY_AMOUNT ? "4" : "0";
}

/** Puts the callbacks of a push that ended into the outbox, as they were ordered. */
function postCallbacks(state: MpesaState, push: Push, nowMs: number): void {
  const { callbackCopies, callbackDelayMs } = state.settings;
  if (push.callback === "callbackNever") return;
  const copies = push.callback === "callbackTwice" ? Math.max(2, callbackCopies) : callbackCopies;
  const delayMs = push.callback === "callbackEarly" ? 0 : push.callback === "callbackLate" ? 600_000 : callbackDelayMs;
  const amount = push.callback === "callbackAmount" ? push.amount - 1 : push.amount;
  const body = callbackBody(state, push, amount, nowMs);
  for (let copy = 0; copy < copies; copy++) post(state, "stkCallback", push.callbackUrl, body, nowMs + delayMs);
}

export function callbackBody(state: MpesaState, push: Push, amount: number, nowMs: number): object {
  const code = push.result ?? "9999";
  const callback = {
    MerchantRequestID: push.merchantRequestId,
    CheckoutRequestID: push.checkoutRequestId,
    ResultCode: numberIfOne(code),
    ResultDesc: resultText(state, code),
  };
  if (code !== "0") return { Body: { stkCallback: callback } };
  const { balance } = state.settings;
  const Item = [
    { Name: "Amount", Value: amount },
    { Name: "MpesaReceiptNumber", Value: push.receipt },
    ...(balance === "absent" ? [] : [{ Name: "Balance", ...(balance === "value" ? { Value: 0 } : {}) }]),
    { Name: "TransactionDate", Value: Number(nairobiStamp(nowMs)) },
    { Name: "PhoneNumber", Value: Number(push.msisdn) },
  ];
  return { Body: { stkCallback: { ...callback, CallbackMetadata: { Item } } } };
}

export function resultText(state: MpesaState, code: PushResult): string {
  return PUSH_RESULTS[code][state.settings.wording === "documents" ? 0 : 1];
}
