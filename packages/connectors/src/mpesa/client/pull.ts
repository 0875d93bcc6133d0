import { momentOf, textOf } from "../../client/nairobi.ts";
import { toldKes } from "./amount.ts";
import { asObject, listOf, objectOf, wordOf } from "./json.ts";
import type { DarajaSettings } from "./settings.ts";
import type { ToldPayment } from "./transaction-status.ts";

/** Pull reaches so far back, in milliseconds. */
export const PULL_REACH_MS = 48 * 3_600_000;

export interface PullWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** Rows that earlier pages gave. */
  readonly offset: number;
}

export function pullBody({ shortcode }: DarajaSettings, { fromMs, toMs, offset }: PullWindow) {
  return { ShortCode: shortcode, StartDate: textOf(fromMs), EndDate: textOf(toMs), OffSetValue: String(offset) };
}

export function pullRegisterBody({ shortcode, callbackBase }: DarajaSettings, nominatedNumber: string) {
  return { ShortCode: shortcode, RequestType: "Pull", NominatedNumber: nominatedNumber, CallBackURL: callbackBase };
}

/** The payments of one page; rows without a receipt are none. Only payments to our own shortcode are given at all. */
export function readPull(text: string): readonly ToldPayment[] {
  return listOf(objectOf(text)?.Response).flatMap((one) => {
    const row = asObject(one);
    const receipt = wordOf(row?.transactionId);
    if (!receipt) return [];
    return [
      {
        receipt: receipt.toUpperCase(),
        amount: toldKes(row?.amount),
        isCompleted: true,
        to: undefined,
        from: wordOf(row?.msisdn),
        reference: wordOf(row?.billreference),
        atMs: momentOf(wordOf(row?.trxDate) ?? ""),
      },
    ];
  });
}
