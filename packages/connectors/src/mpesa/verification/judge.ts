import type { DarajaSettings } from "../client/settings.ts";
import type { ToldPayment } from "../client/transaction-status.ts";
import type { TypedCode } from "./typed-code.ts";

/** A code is typed so long after the payment at most, in milliseconds: longer is an old message shown again. */
const OLDEST_MS = 24 * 3_600_000;
/** Clocks of both sides may differ by so much. */
const SLACK_MS = 15 * 60_000;

/** Why a payment is not the one that was typed, as evidence for a person; null when all fits. */
export function differenceOf(item: TypedCode, told: ToldPayment, settings: DarajaSettings): string | null {
  if (told.receipt !== item.code) return `M-Pesa told of ${told.receipt}.`;
  if (!told.isCompleted) return "The payment is not completed.";
  if (told.amount !== item.amount) return `Expected ${item.amount} KES, and M-Pesa has ${told.amount ?? "no amount"}.`;
  const ours = [settings.shortcode, settings.till].filter((one) => one !== undefined);
  if (told.to !== undefined && !ours.includes(/^\d+/.exec(told.to)?.[0] ?? ""))
    return "The money went to another paybill or till.";
  if (told.atMs === undefined) return "M-Pesa does not say when it was paid.";
  if (told.atMs < item.typedAtMs - OLDEST_MS) return "It was paid more than a day before it was typed.";
  return told.atMs > item.typedAtMs + SLACK_MS ? "It was paid after it was typed." : null;
}
