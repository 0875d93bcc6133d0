/** Why something of a foreign POSLog has no place in a document, first match first. A name without one has no field here. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/comment\(\)$|processing-instruction\(\)$/, "remarks for people, no data"],
  [/LineItem\(voided\)$/, "a line that was voided before payment; the totals do not count it"],
  [/^POSLog\//, "about the file, not about a transaction"],
  [
    /@OperatorName$|Birthdate|ElectronicSignature|Customer\/|HouseholdID|AuthorizationCode$/,
    "personal data that no report needs",
  ],
  [
    /MerchandiseHierarchy|Itemizers|ReportCode|SaleableMediaID/,
    "department and item master data, not a fact of the sale",
  ],
  [/POSIdentity/, "the item number again, as it was scanned"],
  [/EntryMethod$|weightItem$/, "how it was entered"],
  [/LoyaltyReward$/, "moves no money, or sums up rewards that are taken"],
  [/LoyaltyReward/, "how a reward came about; the money it took off is in the line it belongs to"],
  [/LoyaltyMembership|CRMCustomVariable/, "customer programme data without a field here"],
  [/Total\(/, "a sum of what the lines, taxes and tenders say"],
  [/TransactionCount$|ItemCount$|OperatorSequence$/, "a count or position inside the other till"],
  [/PerformanceMetrics/, "how long the cashier took"],
  [
    /NoSale\/text\(\)$|ReceiptDateTime$|Timestamp$|BeginDateTime$|AuthorizationDateTime$/,
    "a second time of the same transaction; EndDateTime is taken",
  ],
  [/BusinessDayDate$|TransactionSequenceNumber$/, "repeats the transaction's own date or number"],
  [
    /Authorization|CreditDebit|Cashback|TenderID$|TenderDescription$|Tender\/@TypeCode$/,
    "payment details beyond type, amount and reference",
  ],
  [/TenderChange/, "change is its own tender with a negative amount"],
  [/Tax\//, "more about a tax than code, rate, base and amount"],
  [/PriceModifier|DiscountAmount$/, "how the price came about; the line's amount is after it"],
  [
    /AgeRestriction|ItemRestriction|ItemNotFound|SupervisorOverride|ManagerApproval/,
    "what happened at the till beside the sale",
  ],
  [/TransactionLink/, "a link to a transaction that is neither returned nor voided"],
  [/@Version$/, "the version of the format"],
];

export function reasonFor(name: string): string {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? "Tillsync has no field for it";
}
