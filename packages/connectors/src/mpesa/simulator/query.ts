import { type Answer, draw, jsonAnswer } from "../../simulator/machine.ts";
import { errorAnswer } from "./errors.ts";
import { isPassword, resultText } from "./pushes.ts";
import { STILL_OPEN } from "./result-codes.ts";
import type { Json, MpesaState } from "./state.ts";

const UNKNOWN = { processing: "processing", "not-exist": "noTransaction", empty: "noText" } as const;

/** STK Query: how a push stands. It tells neither the amount nor the receipt number. */
export function queryPush(state: MpesaState, body: Json): Answer {
  const { settings } = state;
  if (settings.queryEnabled === "no") return errorAnswer(state, "notEnabled");
  for (const name of ["BusinessShortCode", "Password", "Timestamp", "CheckoutRequestID"])
    if (!body[name]) return errorAnswer(state, "invalidField", `Bad Request - Invalid ${name}`);
  if (String(body.BusinessShortCode) !== settings.shortcode) return errorAnswer(state, "noMerchant");
  if (!isPassword(state, body)) return errorAnswer(state, "wrongCredentials");
  if (settings.queryNoAnswer > 0 && draw(state) < settings.queryNoAnswer) return errorAnswer(state, "noText");
  const push = state.pushes.find(({ checkoutRequestId }) => checkoutRequestId === body.CheckoutRequestID);
  if (push === undefined) return errorAnswer(state, UNKNOWN[settings.unknownQuery]);
  const { result } = push;
  return jsonAnswer(200, {
    ResponseCode: "0",
    ResponseDescription: "The service request has been accepted successsfully",
    MerchantRequestID: push.merchantRequestId,
    CheckoutRequestID: push.checkoutRequestId,
    ResultCode: result ?? STILL_OPEN[0],
    ResultDesc: result === null ? STILL_OPEN[1] : resultText(state, result),
  });
}
