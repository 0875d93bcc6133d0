import { z } from "zod";
import { canonicalText } from "./canonical.ts";
import { SyncError } from "./errors.ts";
import { instant, localId } from "./ids.ts";
import { currency, decimal, minor } from "./money.ts";
import { MAX_CLOCK_OFFSET_MS, orderHeader } from "./order-header.ts";

const text = (max: number) => z.string().min(1).max(max);

/** One line of an order. `amountMinor` is the fact (half-up, discounts taken off); quantity and unit price explain it. */
export const orderLine = z.strictObject({
  id: text(32),
  item: text(64),
  description: z.string().max(256).optional(),
  quantity: decimal,
  unitPrice: decimal,
  amountMinor: minor,
  discountMinor: minor.optional(),
  taxCode: text(16).optional(),
  /** The rate in percent that held when the line was made, decimal text. */
  taxRate: decimal.optional(),
  unit: text(16).optional(),
  /** False for services and postage: the line moves no stock. A stocked line moves `-quantity`. */
  stocked: z.boolean().optional(),
  /** The list that gave the unit price, and its version: `prices@17`, or `prices.store@4` for the store's own. */
  priceVersion: z
    .string()
    .regex(/^prices(\.store)?@(0|[1-9][0-9]{0,14})$/, "a price list and its version such as prices@17")
    .optional(),
});

/** Money given or taken. Change handed back is a cash tender with a negative amount, as in ARTS POSLog. */
export const tender = z.strictObject({ type: text(32), amountMinor: minor, reference: text(64).optional() });

/** A tax total of the order. `included`: the amount is already inside the lines. */
export const tax = z.strictObject({
  code: text(16),
  rate: decimal,
  baseMinor: minor,
  taxMinor: minor,
  included: z.boolean(),
});

/** Where an imported document came from, and which of its fields the source did not have. */
export const source = z.strictObject({ system: text(64), madeUp: z.array(text(32)).max(16).optional() });

/** What points at the document a return or void takes back. */
export const original = z.strictObject({ localId: localId.optional(), receiptNumber: text(64).optional() });

/** A closed order: self-contained and immutable; corrections are new documents. */
export const orderClosed = z.strictObject({
  documentType: z.enum(["sale", "return", "void"]),
  receiptNumber: text(64),
  currency,
  lines: z.array(orderLine).max(10_000),
  tenders: z.array(tender).max(100),
  taxes: z.array(tax).max(100).optional(),
  totalMinor: minor,
  openedAt: instant.optional(),
  operator: text(64).optional(),
  customerId: text(64).optional(),
  /** A delta: points earned (positive) or spent (negative). */
  loyaltyPoints: z.int().optional(),
  /** The order's own number where the shop numbers orders apart from receipts (004 `orderNumber`). */
  orderNumber: text(64).optional(),
  reference: text(64).optional(),
  original: original.optional(),
  /** Why a document was taken back, in a person's words. */
  reason: text(256).optional(),
  source: source.optional(),
});

/** Ids of line events: terminal and counter, short (`T01.17`). */
const eventId = z.string().regex(/^[A-Z][A-Z0-9]{0,11}\.[1-9][0-9]{0,14}$/, "terminal and counter such as T01.17");

/** What happens to an open order; the order is the union of its events, whoever made them and in whatever order. */
export const lineEvent = z.discriminatedUnion("type", [
  z.strictObject({ id: eventId, type: z.literal("add"), line: orderLine }),
  z.strictObject({ id: eventId, type: z.literal("void"), line: text(32), reason: z.string().max(256).optional() }),
  z.strictObject({ id: eventId, type: z.literal("note"), line: text(32).optional(), text: z.string().max(1024) }),
  z.strictObject({ id: eventId, type: z.literal("served"), line: text(32) }),
]);

/** An edit of an open order. The first one opens it. */
export const orderEdited = z.strictObject({
  currency,
  /** The caller's own id of this edit, so that one whose answer was lost can be sent again. */
  editId: text(64).optional(),
  events: z.array(lineEvent).max(1000),
  header: orderHeader.optional(),
  /**
   * Beside a header: by how many milliseconds the centre's clock is ahead of the till's, as the till last measured it; absent
   * before its first answer. Where that would not put the edit behind the headers that the till knows, as much more as does.
   */
  clockOffsetMs: z.int().min(-MAX_CLOCK_OFFSET_MS).max(MAX_CLOCK_OFFSET_MS).optional(),
});

/** An open order given up before payment, or deleted by mistake's correction. The order stays known. */
export const orderEnded = z.strictObject({ reason: text(256), operator: text(64).optional() });

export type OrderLine = z.infer<typeof orderLine>;
export type Tender = z.infer<typeof tender>;
export type OrderClosed = z.infer<typeof orderClosed>;
export type OrderEdited = z.infer<typeof orderEdited>;
export type LineEvent = z.infer<typeof lineEvent>;

/**
 * Money is conserved inside a closed order (I21): lines plus taxes not included are the total, and so are the tenders.
 *
 * @throws SyncError TOTALS_MISMATCH naming the field that does not add up
 */
export function checkTotals(order: OrderClosed): void {
  const onTop = (order.taxes ?? []).filter((entry) => !entry.included).map((entry) => entry.taxMinor);
  const lines = exactSum("lines", [...order.lines.map((line) => line.amountMinor), ...onTop]);
  if (lines !== order.totalMinor)
    throw mismatch("totalMinor", lines, order.totalMinor, "the lines and taxes add up to");
  const tenders = exactSum(
    "tenders",
    order.tenders.map((entry) => entry.amountMinor),
  );
  if (tenders !== order.totalMinor) throw mismatch("tenders", order.totalMinor, tenders, "the total is");
}

/** Past 2^53 a sum would be rounded on the way and could seem to add up. */
function exactSum(field: string, amounts: readonly number[]): number {
  let sum = 0;
  for (const amount of amounts) {
    sum += amount;
    if (!Number.isSafeInteger(sum))
      throw new SyncError("TOTALS_MISMATCH", `${field} add up to more than can be counted exactly.`, { field });
  }
  return sum;
}

function mismatch(field: string, expected: number, got: number, why: string): SyncError {
  const message = `${field} is ${got} minor units, but ${why} ${expected}.`;
  return new SyncError("TOTALS_MISMATCH", message, { field, expected: String(expected), got: String(got) });
}

/** An open order as its events describe it, whatever order they came in. */
export interface OpenOrder {
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly totalMinor: number;
}

/**
 * The union of line events: added lines in event order (terminal, then its counter), less the voided ones. Notes and
 * `served` change no money. Only the set counts: the same events in any order, and however often each came, give the
 * same order. A line added twice alike counts once; two unlike lines under one id both stay, because dropping one would
 * give it away.
 */
export function foldEvents(currencyCode: string, events: readonly LineEvent[]): OpenOrder {
  const voided = new Set<string>();
  for (const event of events) if (event.type === "void") voided.add(event.line);
  const lines: OrderLine[] = [];
  const seen = new Map<string, OrderLine[]>();
  let totalMinor = 0;
  for (const event of events.toSorted(byTerminalAndCounter)) {
    if (event.type !== "add" || voided.has(event.line.id)) continue;
    const { line } = event;
    const alike = seen.get(line.id) ?? [];
    if (alike.some((other) => canonicalText(other) === canonicalText(line))) continue;
    seen.set(line.id, [...alike, line]);
    lines.push(line);
    totalMinor += line.amountMinor;
  }
  return { currency: currencyCode, lines, totalMinor };
}

/** Content decides only between events that carry one id, which no honest terminal makes. */
function byTerminalAndCounter(a: LineEvent, b: LineEvent): number {
  const [terminalA = "", counterA] = a.id.split(".");
  const [terminalB = "", counterB] = b.id.split(".");
  if (terminalA !== terminalB) return terminalA < terminalB ? -1 : 1;
  return Number(counterA) - Number(counterB) || (canonicalText(a) < canonicalText(b) ? -1 : 1);
}
