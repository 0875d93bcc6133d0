import type { OrderDraft } from "@tillsync/engine";
import { formatMinor, SyncError, type Tender } from "@tillsync/protocol";
import { cleaned, shortened } from "../import/source-text.ts";
import { type ForeignFile, type ForeignHeader, localIdOf, POSLOG_SYSTEM, referenceOf } from "./foreign-header.ts";
import { type ForeignLine, isStruckOut, lineOf } from "./foreign-lines.ts";
import { addedUp, rewarded, rewardsOf, taxOf, tendersOf } from "./foreign-money.ts";
import { minorOfText, textIn } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

const ID_MAX = 64;
const LINK_TO_VOIDED = /^(post)?void(ed)?$/i;
const LINK_TO_RETURNED = /^return(ed)?$/i;

/** What the line items of a transaction say, before it is known whether they add up. */
interface Collected {
  readonly lines: ForeignLine[];
  readonly returned: number[];
  readonly rewards: XmlElement[];
  readonly taxes: NonNullable<OrderDraft["taxes"]>[number][];
  readonly tenders: Tender[];
  readonly links: XmlElement[];
}

/** A retail transaction as an order. @throws SyncError INVALID_INPUT; TOTALS_MISMATCH when it does not add up */
export function orderOf(retail: XmlElement, header: ForeignHeader, { leftOut }: ForeignFile): OrderDraft {
  const { currency, reference } = header;
  const found = collected(retail, currency, { leftOut });
  const lines = rewarded(found.lines, rewardsOf(found.rewards, currency), leftOut);
  const taxes = addedUp(found.taxes);
  const linesMinor = sum(lines.map(({ amountMinor }) => amountMinor));
  const taxMinor = sum(taxes.map((tax) => tax.taxMinor));
  const tendersMinor = sum(found.tenders.map(({ amountMinor }) => amountMinor));
  const totalMinor = totalOf(retail, "TransactionGrandAmount", currency) ?? tendersMinor;
  const included = linesMinor + taxMinor !== totalMinor && linesMinor === totalMinor;
  const shown = (minor: number) => formatMinor(minor, currency);
  if (!included && linesMinor + taxMinor !== totalMinor)
    throw mismatch(
      retail,
      `lines ${shown(linesMinor)} and taxes ${shown(taxMinor)} do not make the total`,
      shown(totalMinor),
    );
  if (tendersMinor !== totalMinor)
    throw mismatch(retail, `tenders ${shown(tendersMinor)} do not make the total`, shown(totalMinor));
  if ((totalOf(retail, "TransactionTaxAmount", currency) ?? taxMinor) !== taxMinor)
    leftOut.note("transactions whose TransactionTaxAmount is not the sum of their taxes; the taxes are taken");
  if (included) leftOut.note("transactions whose prices include their taxes");
  return {
    localId: header.localId,
    ...kindOf(retail, found),
    currency,
    lines,
    tenders: found.tenders,
    ...(taxes.length === 0 ? {} : { taxes: taxes.map((tax) => ({ ...tax, included })) }),
    ...(header.operator === undefined ? {} : { operator: header.operator }),
    ...customerOf(retail),
    reference,
    source: { system: POSLOG_SYSTEM },
    occurredAt: header.occurredAt,
  };
}

function collected(retail: XmlElement, currency: string, { leftOut }: Pick<ForeignFile, "leftOut">): Collected {
  const found: Collected = { lines: [], returned: [], rewards: [], taxes: [], tenders: [], links: [] };
  for (const item of retail.children) {
    if (item.name !== "LineItem" || isStruckOut(item)) continue;
    item.take().child("SequenceNumber");
    void textIn(item, "SequenceNumber");
    for (const part of item.children) {
      if (part.name === "Sale" || part.name === "Return") {
        if (part.name === "Return") found.returned.push(found.lines.length);
        found.lines.push(lineOf(item, part.take(), currency, leftOut));
        found.taxes.push(...part.all("Tax").map((tax) => taxOf(tax, currency)));
        found.links.push(...part.children.filter(({ name }) => name === "TransactionLink"));
      } else if (part.name === "Tax") found.taxes.push(taxOf(part.take(), currency));
      else if (part.name === "Tender") found.tenders.push(...tendersOf(part.take(), currency, leftOut));
      else if (part.name === "LoyaltyReward") found.rewards.push(part);
    }
  }
  found.links.push(...retail.children.filter(({ name }) => name === "TransactionLink"));
  return found;
}

/** Sale, return or void, and what the last two take back. */
function kindOf(retail: XmlElement, found: Collected): Pick<OrderDraft, "documentType" | "original" | "reason"> {
  const linked = (pattern: RegExp) => found.links.find((link) => pattern.test(link.peek("ReasonCode") ?? ""));
  const voided = linked(LINK_TO_VOIDED);
  const reason = textIn(retail, "ReasonCode");
  const why = reason === undefined ? {} : { reason: shortened(cleaned(reason), 256) };
  if (voided !== undefined) return { documentType: "void", ...originalOf(voided), ...why };
  const isReturn = found.returned.length > 0 && found.returned.length === found.lines.length;
  const returned = linked(LINK_TO_RETURNED);
  return { documentType: isReturn ? "return" : "sale", ...(isReturn && returned ? originalOf(returned) : {}), ...why };
}

function originalOf(link: XmlElement): Pick<OrderDraft, "original"> {
  link.take().attribute("ReasonCode");
  const reference = referenceOf(link);
  return { original: { localId: localIdOf(reference), receiptNumber: shortened(reference, ID_MAX) } };
}

/** The first that is there: a loyalty membership, or the customer that the log names. */
function customerOf(retail: XmlElement): Pick<OrderDraft, "customerId"> {
  for (const item of retail.children) {
    const membership = item.children.find(({ name }) => name === "acs:LoyaltyMembership");
    if (membership === undefined) continue;
    const id = textIn(membership.take(), "acs:LoyaltyID");
    if (id !== undefined) return { customerId: shortened(cleaned(id), ID_MAX) };
  }
  if (!retail.has("Customer")) return {};
  const id = textIn(retail.child("Customer"), "CustomerID");
  return id === undefined ? {} : { customerId: shortened(cleaned(id), ID_MAX) };
}

function totalOf(retail: XmlElement, type: string, currency: string): number | undefined {
  const total = retail.children.find((child) => child.name === "Total" && child.peek("TotalType") === type);
  total?.take().attribute("TotalType");
  return total === undefined ? undefined : minorOfText(total, currency);
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

function mismatch(retail: XmlElement, what: string, expected: string): SyncError {
  const { line, column } = retail.position;
  const message = `${retail.path} (line ${line} column ${column}): ${what}, ${expected}.`;
  return new SyncError("TOTALS_MISMATCH", message, { field: retail.path, expected, line, column });
}
