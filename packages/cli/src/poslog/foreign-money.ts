import type { OrderDraft } from "@tillsync/engine";
import type { Tender } from "@tillsync/protocol";
import { cleaned, shortened } from "../import/source-text.ts";
import type { ForeignLine } from "./foreign-lines.ts";
import type { LeftOut } from "./left-out.ts";
import { decimalOfText, minorOfText, needed, textIn } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

type Tax = NonNullable<OrderDraft["taxes"]>[number];

const CODE_MAX = 16;
const TENDER_MAX = 32;
const REFERENCE_MAX = 64;

/** POSLog's names of tenders and ours. Others keep their name, in small letters with hyphens. */
export const TENDER_TYPES = {
  Cash: "cash",
  CreditDebit: "card",
  Check: "check",
  Voucher: "voucher",
  GiftCard: "gift-card",
};

/** A tax, still without knowing whether prices include it. @throws SyncError INVALID_INPUT */
export function taxOf(tax: XmlElement, currency: string): Tax {
  const code =
    tax.attribute("acs:TaxID") ?? textIn(tax, "TaxGroupID") ?? textIn(tax, "TaxRuleID") ?? tax.attribute("TaxType");
  const percent = tax.child("Percent");
  const base = tax.child("TaxableAmount");
  return {
    code: shortened(cleaned(code ?? "") || "tax", CODE_MAX),
    rate: percent === undefined ? "0" : decimalOfText(percent),
    baseMinor: base === undefined ? 0 : minorOfText(base, currency),
    taxMinor: minorOfText(needed(tax, "Amount"), currency),
    included: false,
  };
}

/** Taxes of one code and rate as one: some tills write one per line, and an order has at most a hundred. */
export function addedUp(taxes: readonly Tax[]): Tax[] {
  const byRate = new Map<string, Tax>();
  for (const tax of taxes) {
    const key = JSON.stringify([tax.code, tax.rate]);
    const { baseMinor, taxMinor } = byRate.get(key) ?? { baseMinor: 0, taxMinor: 0 };
    byRate.set(key, { ...tax, baseMinor: baseMinor + tax.baseMinor, taxMinor: taxMinor + tax.taxMinor });
  }
  return [...byRate.values()];
}

/** What was given, and what was handed back: the second is a cash tender with a negative amount. */
export function tendersOf(tender: XmlElement, currency: string, leftOut: LeftOut): Tender[] {
  const given = minorOfText(needed(tender, "Amount"), currency);
  const amountMinor = tender.peek("TypeCode") === "Refund" && given > 0 ? -given : given;
  const reference = textIn(tender.child("Authorization"), "ReferenceNumber");
  const own: Tender = {
    type: typeOf(tender),
    amountMinor,
    ...(reference === undefined ? {} : { reference: shortened(cleaned(reference), REFERENCE_MAX) }),
  };
  const change = tender.child("TenderChange");
  if (change === undefined) return [own];
  const changeMinor = minorOfText(needed(change, "Amount"), currency);
  leftOut.note("change and cash-back, kept as cash tenders with a negative amount");
  // Some tills write change as a tender of its own that repeats its amount, others inside the tender that it is for.
  return changeMinor === amountMinor ? [own] : [own, { type: "cash", amountMinor: -Math.abs(changeMinor) }];
}

function typeOf(tender: XmlElement): string {
  const given = tender.attribute("TenderType") ?? textIn(tender, "TenderID") ?? "other";
  if (Object.hasOwn(TENDER_TYPES, given)) return TENDER_TYPES[given as keyof typeof TENDER_TYPES];
  return shortened(kebab(given) || "other", TENDER_MAX);
}

/** `OperatorSignOn` as `operator-sign-on`. */
export function kebab(name: string): string {
  return cleaned(name)
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|[^\p{L}\p{N}]+/gu, "-")
    .toLowerCase()
    .replaceAll(/^-+|-+$/g, "");
}

/** Money that a loyalty programme takes off, and the line it belongs to. */
export interface Reward {
  readonly amountMinor: number;
  readonly key: string | undefined;
}

/**
 * Rewards that move money (NCR ACS). Each is in the log twice: per line (`detailedData`), and summed up. The first kind is
 * taken; of a log that has sums only, those.
 */
export function rewardsOf(rewards: readonly XmlElement[], currency: string): Reward[] {
  const monetary = rewards.filter((reward) => reward.peekText("acs:RewardCategory") === "Monetary");
  const detailed = monetary.filter((reward) => reward.peek("acs:detailedData") === "true");
  return (detailed.length > 0 ? detailed : monetary).map((reward) => {
    reward.take().attribute("acs:detailedData");
    textIn(reward, "acs:RewardCategory");
    return {
      amountMinor: minorOfText(needed(reward, "acs:ExtendedRewardAmount"), currency),
      key: textIn(reward, "acs:OperatorSequenceReference"),
    };
  });
}

/** The lines with their rewards taken off; a reward of no line in sight becomes a line of its own, which moves no stock. */
export function rewarded(
  lines: readonly ForeignLine[],
  rewards: readonly Reward[],
  leftOut: LeftOut,
): ForeignLine["draft"][] {
  const result = lines.map(({ draft }) => draft);
  for (const { amountMinor, key } of rewards) {
    if (amountMinor === 0) continue;
    leftOut.note("loyalty rewards, taken off the line they belong to");
    const at = key === undefined ? -1 : lines.findIndex(({ rewardKey }) => rewardKey === key);
    const line = result[at];
    if (line === undefined) result.push(rewardLine(amountMinor, result.length));
    else
      result[at] = {
        ...line,
        amountMinor: line.amountMinor + amountMinor,
        discountMinor: (line.discountMinor ?? 0) - amountMinor,
      };
  }
  return result;
}

function rewardLine(amountMinor: number, index: number): ForeignLine["draft"] {
  return {
    id: `reward-${index + 1}`,
    item: "reward",
    quantity: "1",
    unitPrice: "0",
    amountMinor,
    discountMinor: -amountMinor,
    stocked: false,
  };
}
