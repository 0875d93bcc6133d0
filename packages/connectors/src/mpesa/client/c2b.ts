import { momentOf } from "../../client/nairobi.ts";
import { toldKes } from "./amount.ts";
import { objectOf, wordOf } from "./json.ts";
import { callbackUrl } from "./push.ts";
import type { DarajaSettings } from "./settings.ts";
import type { ToldPayment } from "./transaction-status.ts";

/** In production the addresses are registered once. A payment that we do not answer for is taken all the same. */
export function registerBody(settings: DarajaSettings, id: string) {
  return {
    ShortCode: settings.shortcode,
    ResponseType: "Completed",
    ConfirmationURL: callbackUrl(settings, "result", id),
    ValidationURL: callbackUrl(settings, "late", id),
  };
}

/** Has to be stored before it is given. */
export const TAKEN_BODY = '{"ResultCode":"0","ResultDesc":"Accepted"}';

/** A payment made by hand, as M-Pesa told it. Anybody can send one, so it is a hint like a callback. */
export function readConfirmation(raw: string): ToldPayment | undefined {
  const body = objectOf(raw);
  const receipt = wordOf(body?.TransID);
  if (!receipt) return undefined;
  return {
    receipt: receipt.toUpperCase(),
    amount: toldKes(body?.TransAmount),
    isCompleted: true,
    to: wordOf(body?.BusinessShortCode),
    from: wordOf(body?.MSISDN),
    reference: wordOf(body?.BillRefNumber),
    atMs: momentOf(wordOf(body?.TransTime) ?? ""),
  };
}
