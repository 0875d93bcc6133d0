import fc from "fast-check";
import type { ImportedEntry } from "../../import/documents.ts";

/** Any text, also what XML cannot hold as it is. */
const anyText = (maxLength: number, minLength = 1) =>
  fc.string({ unit: "binary", minLength, maxLength: maxLength / 2 });
const texts = (maxLength: number, minLength = 1) =>
  fc.oneof(
    anyText(maxLength, minLength),
    fc.constantFrom("x", " spaced  out ", "a\rb\r\nc\n", "]]>&amp;<!--", "\u0001\ufffe", "é😀", '"quoted"'),
  );
const ids = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
const decimals = fc.stringMatching(/^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$/);
const amounts = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 10 ** 12, -(10 ** 12)));
const dates = fc.constantFrom("2026-01-16", "2026-02-28", "9999-12-31");
const instants = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }).map((ms) => new Date(ms).toISOString());
const currencies = fc.constantFrom("KES", "JPY", "KWD", "CLF");
const personal = fc.dictionary(
  texts(64).map((name) => `n${name}`.slice(0, 60)),
  texts(200, 0),
  { minKeys: 1, maxKeys: 3 },
);

/** Every field that a schema knows; a test compares these keys with it. */
export const LINE = {
  id: texts(32),
  item: texts(64),
  description: texts(256, 0),
  quantity: decimals,
  unitPrice: decimals,
  amountMinor: amounts,
  discountMinor: amounts,
  taxCode: texts(16),
  taxRate: decimals,
  unit: fc.oneof(texts(16), fc.constantFrom("kg", "none")),
  stocked: fc.boolean(),
  priceVersion: fc.constantFrom("prices@0", "prices@17", "prices.store@4"),
};
export const TENDER = {
  type: fc.oneof(texts(32), fc.constantFrom("cash", "card", "Cash", "tillsync:Other", "mpesa")),
  amountMinor: amounts,
  reference: texts(64),
};
export const TAX = { code: texts(16), rate: decimals, baseMinor: amounts, taxMinor: amounts, included: fc.boolean() };
export const ORIGINAL = { localId: ids, receiptNumber: texts(64) };
export const SOURCE = { system: texts(64), madeUp: fc.array(texts(32), { maxLength: 4 }) };
export const ORDER = {
  localId: ids,
  documentType: fc.constantFrom("sale", "return", "void"),
  currency: currencies,
  lines: fc.array(fc.record(LINE, { requiredKeys: ["id", "item", "quantity", "unitPrice", "amountMinor"] }), {
    maxLength: 6,
  }),
  tenders: fc.array(fc.record(TENDER, { requiredKeys: ["type", "amountMinor"] }), { minLength: 1, maxLength: 4 }),
  taxes: fc.array(fc.record(TAX), { maxLength: 3 }),
  operator: texts(64),
  customerId: texts(64),
  loyaltyPoints: fc.integer(),
  orderNumber: texts(64),
  reference: texts(64),
  original: fc.record(ORIGINAL, { requiredKeys: [] }),
  reason: texts(256),
  source: fc.record(SOURCE, { requiredKeys: ["system"] }),
  occurredAt: instants,
  private: personal,
};
export const TRANSACTION = {
  localId: ids,
  type: texts(32),
  currency: currencies,
  amountMinor: amounts,
  item: texts(64),
  quantity: decimals,
  unitPrice: decimals,
  stockDelta: decimals,
  tender: texts(32),
  operator: texts(64),
  orderLocalId: ids,
  customerId: texts(64),
  reference: texts(64),
  reason: texts(256, 0),
  occurredAt: instants,
  private: personal,
};
export const INVENTORY = {
  localId: ids,
  item: texts(64),
  delta: decimals,
  type: texts(32),
  previousStock: decimals,
  newStock: decimals,
  operator: texts(64),
  reference: texts(64),
  reason: texts(256, 0),
  occurredAt: instants,
};
export const OPENING = { localId: ids, operator: texts(64), openingFloatMinor: amounts, occurredAt: instants };
const counted = fc.record({ currency: currencies, tender: texts(32), amountMinor: amounts });
export const CLOSING = {
  localId: ids,
  operator: texts(64),
  counted: fc.array(counted, { minLength: 1, maxLength: 3 }),
  occurredAt: instants,
};

const orders = fc
  .record(ORDER, { requiredKeys: ["localId", "documentType", "currency", "lines", "tenders", "occurredAt"] })
  .map((draft) => {
    // Money is conserved in what a till records: the last tender pays the rest.
    const onTop = (draft.taxes ?? []).filter(({ included }) => !included);
    const total = sum(draft.lines) + onTop.reduce((all, { taxMinor }) => all + taxMinor, 0);
    const [last = { type: "cash", amountMinor: 0 }, ...others] = draft.tenders.toReversed();
    return { ...draft, tenders: [...others, { ...last, amountMinor: total - sum(others) }] };
  });

function sum(parts: readonly { readonly amountMinor: number }[]): number {
  return parts.reduce((all, { amountMinor }) => all + amountMinor, 0);
}

const place = { businessDate: dates, terminal: fc.constantFrom("T01", "Z9999999") };

/** Whatever a till's journal can hold that an export writes. */
export const entries: fc.Arbitrary<ImportedEntry> = fc.oneof(
  fc.record({ kind: fc.constant("order" as const), ...place, receiptNumber: texts(64), draft: orders }),
  fc.record({
    kind: fc.constant("transaction" as const),
    ...place,
    draft: fc.record(TRANSACTION, { requiredKeys: ["localId", "type", "currency", "amountMinor", "occurredAt"] }),
  }),
  fc.record(
    {
      kind: fc.constant("inventory" as const),
      ...place,
      outsideShift: fc.boolean(),
      draft: fc.record(INVENTORY, { requiredKeys: ["localId", "item", "delta", "type", "occurredAt"] }),
    },
    { requiredKeys: ["kind", "businessDate", "terminal", "draft"] },
  ),
  fc.record({
    kind: fc.constant("shift.opened" as const),
    ...place,
    draft: fc.record(OPENING, { requiredKeys: ["localId", "operator", "occurredAt"] }),
  }),
  fc.record({
    kind: fc.constant("shift.closed" as const),
    ...place,
    draft: fc.record(CLOSING, { requiredKeys: ["localId", "occurredAt"] }),
  }),
);
