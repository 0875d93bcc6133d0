import { createHash } from "node:crypto";
import { type Answer, type Delivered, type Delivery, jsonAnswer, readObject } from "../../simulator/machine.ts";
import { nairobiMs, nairobiStamp, nairobiText } from "../../simulator/nairobi.ts";
import { errorAnswer } from "./errors.ts";
import { charge } from "./receipts.ts";
import { type Charge, type Held, type Json, type MpesaState, phoneOf, post } from "./state.ts";

/** How far back Pull reaches. */
const PULL_MS = 48 * 3_600_000;
const PULL_PAGE = 100;

/** Registers where payments are told. In production once only. */
export function registerUrls(state: MpesaState, body: Json): Answer {
  if (String(body.ShortCode) !== state.settings.shortcode) return errorAnswer(state, "noMerchant");
  if (body.ResponseType !== "Completed" && body.ResponseType !== "Cancelled")
    return errorAnswer(state, "invalidField", "Bad Request - Invalid ResponseType");
  const { ConfirmationURL: confirmation, ValidationURL: validation } = body;
  for (const [name, url] of Object.entries({ ConfirmationURL: confirmation, ValidationURL: validation }))
    if (typeof url !== "string" || !URL.canParse(url))
      return errorAnswer(state, "invalidField", `Bad Request - Invalid ${name}`);
  if (state.c2b !== null && state.settings.environment === "production") return errorAnswer(state, "registered");
  state.c2b = { confirmation: String(confirmation), validation: String(validation), ifSilent: body.ResponseType };
  // The key is misspelt by the service.
  return jsonAnswer(200, {
    OriginatorCoversationID: "7619-37765134-1",
    ResponseCode: "0",
    ResponseDescription: "success",
  });
}

/** The sandbox's way to pay by hand. */
export function simulatePayment(state: MpesaState, body: Json, nowMs: number): Answer {
  const amount = Number(body.Amount);
  if (!Number.isSafeInteger(amount) || amount < 1)
    return errorAnswer(state, "invalidField", "Bad Request - Invalid Amount");
  const goods = body.CommandID === "CustomerBuyGoodsOnline";
  payByHand(state, { msisdn: String(body.Msisdn), amount, reference: String(body.BillRefNumber ?? ""), goods }, nowMs);
  return jsonAnswer(200, {
    OriginatorCoversationID: "53e3-4aa8-9fe0-8fb5e4092cdd",
    ResponseCode: "0",
    ResponseDescription: "Accept the service request successfully.",
  });
}

/** A customer pays by hand: asked about first where the shop wants that. Gives the charge when the money has moved. */
export function payByHand(state: MpesaState, payment: Held["payment"], nowMs: number): Charge | undefined {
  if (state.settings.validation === "off" || state.c2b === null) return settle(state, payment, nowMs);
  const { validation } = state.c2b;
  const delivery = post(state, "validation", validation, paymentBody(state, payment, "", nowMs), nowMs);
  state.held.push({ deliveryId: delivery.id, payment, untilMs: nowMs + state.settings.validationMs });
  return undefined;
}

function settle(
  state: MpesaState,
  { msisdn, amount, reference, goods }: Held["payment"],
  nowMs: number,
): Charge | undefined {
  const phone = phoneOf(state, msisdn);
  if (phone.balanceCents < amount * 100) return undefined;
  phone.balanceCents -= amount * 100;
  const shortcode = goods ? state.settings.till : state.settings.shortcode;
  const made = charge(state, {
    msisdn,
    amount,
    shortcode,
    reference: goods ? "" : reference,
    atMs: nowMs,
    checkoutRequestId: null,
  });
  confirmPayment(state, made, nowMs);
  return made;
}

/** Tells the shop of a payment, where it has said where. */
export function confirmPayment(state: MpesaState, made: Charge, nowMs: number): void {
  if (state.c2b === null) return;
  const { msisdn, amount, reference, shortcode, receipt } = made;
  const payment = { msisdn, amount, reference, goods: shortcode === state.settings.till };
  post(state, "confirmation", state.c2b.confirmation, paymentBody(state, payment, receipt, nowMs), nowMs);
}

/** The shop's answer to a validation. Silence counts as it chose when it registered. */
export function judgeValidation(state: MpesaState, { id }: Delivery, { status, body }: Delivered, nowMs: number): void {
  const answer = readObject(body);
  const isAnswer = status === 200 && answer?.ResultCode !== undefined;
  endHeld(state, id, isAnswer ? String(answer.ResultCode) === "0" : undefined, nowMs);
}

/** Undefined for silence. */
export function endHeld(state: MpesaState, deliveryId: number, isTaken: boolean | undefined, nowMs: number): void {
  const held = state.held.find((one) => one.deliveryId === deliveryId);
  if (held === undefined) return;
  state.held = state.held.filter((one) => one !== held);
  if (isTaken ?? state.c2b?.ifSilent === "Completed") settle(state, held.payment, nowMs);
}

function paymentBody(state: MpesaState, payment: Held["payment"], receipt: string, nowMs: number): object {
  const { msisdn, amount, reference, goods } = payment;
  const hashed = createHash("sha256").update(msisdn).digest("hex");
  return {
    TransactionType: goods ? "Buy Goods" : "Pay Bill",
    TransID: receipt,
    TransTime: nairobiStamp(nowMs),
    TransAmount: `${amount}.00`,
    BusinessShortCode: goods ? state.settings.till : state.settings.shortcode,
    BillRefNumber: goods ? "" : reference.slice(0, 20),
    InvoiceNumber: "",
    OrgAccountBalance: receipt === "" ? "" : "10000.00",
    ThirdPartyTransID: "",
    MSISDN: state.settings.msisdn === "hashed" ? hashed : `${msisdn.slice(0, 4)} ***** ${msisdn.slice(-3)}`,
    FirstName: phoneOf(state, msisdn).name.toUpperCase(),
    MiddleName: "",
    LastName: "",
  };
}

export function registerPull(state: MpesaState, body: Json): Answer {
  if (String(body.ShortCode) !== state.settings.shortcode) return errorAnswer(state, "noMerchant");
  const ResponseStatus = state.pullRegistered ? "1001" : "1000";
  state.pullRegistered = true;
  const ResponseDescription =
    ResponseStatus === "1001" ? "ShortCode already Registered" : "ShortCode Registered Successfully";
  return jsonAnswer(200, {
    ResponseRefID: "18633-7271215-1",
    ResponseStatus,
    ShortCode: body.ShortCode,
    ResponseDescription,
  });
}

/** Payments of the last 48 h, a page at a time. */
export function pullPayments(state: MpesaState, body: Json, nowMs: number): Answer {
  if (!state.pullRegistered) return errorAnswer(state, "notEnabled");
  if (String(body.ShortCode) !== state.settings.shortcode) return errorAnswer(state, "noMerchant");
  const [fromMs, toMs] = [body.StartDate, body.EndDate].map((text) =>
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(String(text)) ? nairobiMs(String(text).replace(/\D/g, "")) : undefined,
  );
  if (fromMs === undefined) return errorAnswer(state, "invalidField", "Bad Request - Invalid StartDate");
  if (toMs === undefined) return errorAnswer(state, "invalidField", "Bad Request - Invalid EndDate");
  const offset = Number(body.OffSetValue ?? 0);
  const rows = state.charges
    .filter(({ atMs }) => atMs >= Math.max(fromMs, nowMs - PULL_MS) && atMs <= toMs + 999)
    .slice(offset, offset + PULL_PAGE)
    .map((one) => ({
      transactionId: one.receipt,
      trxDate: nairobiText(one.atMs),
      msisdn: one.msisdn,
      sender: "MPESA",
      transactiontype: one.shortcode === state.settings.till ? "c2b-buy-goods-debit" : "c2b-pay-bill-debit",
      billreference: one.reference,
      amount: `${one.amount}.00`,
      organizationname: "TILLSYNC SIMULATED SHOP",
    }));
  const isEmpty = rows.length === 0;
  return jsonAnswer(200, {
    ResponseRefID: "26178-42530161-2",
    ResponseCode: isEmpty ? "1001" : "1000",
    ResponseMessage: isEmpty ? "No transactions found" : "Success",
    Response: isEmpty ? [] : [rows],
  });
}
