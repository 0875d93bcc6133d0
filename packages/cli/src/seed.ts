import type { InventoryDraft, LineDraft, OrderDraft, TransactionDraft } from "@tillsync/engine";
import { businessDate as businessDateSchema, lineAmountMinor, parseAs, type Tender } from "@tillsync/protocol";
import { z } from "zod";
import type { ImportedDocument } from "./import/documents.ts";
import { nameUuid } from "./import/name-uuid.ts";
import { type Prng, prng } from "./prng.ts";
import { type Item, seededItems } from "./seed-items.ts";

export interface SeedPlan {
  /** The same seed and counts give the same documents, to the byte. */
  readonly seed: number;
  readonly orders: number;
  readonly transactions: number;
  readonly inventory: number;
  /** First business date, `YYYY-MM-DD`. */
  readonly startDate: string;
}

const count = z.int().min(0);
const planSchema = z.strictObject({
  seed: z.int(),
  orders: count,
  transactions: count,
  inventory: count,
  startDate: businessDateSchema,
});

const CURRENCY = "KES";

/** Prices include VAT (Kenya: 16 % standard, 0 % for basic food). */
const TAX_RATES = { A: 16, B: 0 } as const;

/** Documents of one day in one shop; larger plans run over more days. */
const DOCUMENTS_A_DAY = 400;

/** The shop is open from 08:00 to 20:00 in UTC. */
const OPENS_AT_S = 8 * 3600;
const OPEN_FOR_S = 12 * 3600;

const DAY_MS = 86_400_000;

type Kind = ImportedDocument["kind"];

/** Everything one document is made from. */
interface Maker {
  readonly random: Prng;
  readonly localId: string;
  readonly occurredAt: string;
  readonly items: readonly [Item, ...Item[]];
  /** The last sale before this document; what a return takes back. */
  readonly lastSale: OrderDraft | undefined;
}

/**
 * Documents as a shop makes them, in the order of time: sales of one to eight lines (three to five mostly), some with
 * weighed goods, paid in cash with change, by card, M-Pesa or in two ways; returns of the sale before; paid-ins and -outs;
 * deliveries, waste and stock counts. Made one by one: memory does not grow with the counts.
 *
 * @throws SyncError INVALID_INPUT for a plan with a negative count or a wrong date
 */
export function* seededDocuments(given: SeedPlan): Generator<ImportedDocument> {
  const plan = parseAs(planSchema, given);
  const items = seededItems(plan.seed);
  const total = plan.orders + plan.transactions + plan.inventory;
  const random = prng(plan.seed);
  const left: Record<Kind, number> = { order: plan.orders, transaction: plan.transactions, inventory: plan.inventory };
  let lastSale: OrderDraft | undefined;
  for (let index = 0; index < total; index++) {
    const kind = drawKind(random, left);
    left[kind] -= 1;
    const dayMs = Date.parse(plan.startDate) + Math.floor(index / DOCUMENTS_A_DAY) * DAY_MS;
    const secondOfDay = OPENS_AT_S + ((index % DOCUMENTS_A_DAY) / DOCUMENTS_A_DAY) * OPEN_FOR_S + random.whole(0, 60);
    const maker: Maker = {
      random,
      // The whole plan is in the name: with other counts the same place holds another document.
      localId: nameUuid(
        "seed",
        JSON.stringify([plan.seed, plan.orders, plan.transactions, plan.inventory, plan.startDate]),
        String(index),
      ),
      occurredAt: new Date(dayMs + secondOfDay * 1000).toISOString(),
      items,
      lastSale,
    };
    const document = documentOf(kind, new Date(dayMs).toISOString().slice(0, 10), maker);
    if (document.kind === "order" && document.draft.documentType === "sale") lastSale = document.draft;
    yield document;
  }
}

/** A kind with the chance of what is left of it, so that the counts come out exactly and well mixed. */
function drawKind(random: Prng, left: Readonly<Record<Kind, number>>): Kind {
  const ticket = random.whole(1, left.order + left.transaction + left.inventory);
  if (ticket <= left.order) return "order";
  return ticket <= left.order + left.transaction ? "transaction" : "inventory";
}

function documentOf(kind: Kind, businessDate: string, maker: Maker): ImportedDocument {
  switch (kind) {
    case "order":
      return { kind, businessDate, draft: orderOf(maker) };
    case "transaction":
      return { kind, businessDate, draft: transactionOf(maker) };
    case "inventory":
      return { kind, businessDate, draft: inventoryOf(maker) };
    default:
      return kind satisfies never;
  }
}

function orderOf(maker: Maker): OrderDraft {
  const { random, localId, occurredAt, lastSale } = maker;
  const common = {
    localId,
    currency: CURRENCY,
    operator: random.pick(["amina", "brian", "chebet", "david"]),
    occurredAt,
  };
  if (lastSale !== undefined && random.chance(0.03)) return { ...common, ...returnOf(lastSale) };
  const size = random.chance(0.8) ? random.whole(3, 5) : random.whole(1, 8);
  const lines = Array.from({ length: size }, () => saleLine(maker));
  const totalMinor = sumOf(lines);
  const customer = random.chance(0.1)
    ? { customerId: `C${random.whole(1000, 9999)}`, loyaltyPoints: Math.floor(totalMinor / 10_000) }
    : {};
  const phone = random.chance(0.05)
    ? { private: { name: "Made-up Customer", phone: `+2547000${String(random.whole(0, 99_999)).padStart(5, "0")}` } }
    : {};
  return {
    ...common,
    documentType: "sale",
    lines,
    tenders: tendersOf(random, totalMinor),
    taxes: taxesOf(lines),
    ...customer,
    ...phone,
  };
}

function saleLine({ random, items }: Maker): LineDraft & { amountMinor: number } {
  const item = random.pick(items);
  // Weighed goods in grams of a kilogram, the others by the piece.
  const quantity = item.isWeighed
    ? `${random.whole(0, 2)}.${String(random.whole(50, 999)).padStart(3, "0")}`
    : String(random.chance(0.8) ? 1 : random.whole(2, 6));
  return {
    item: item.gtin,
    description: item.name,
    quantity,
    unitPrice: item.unitPrice,
    amountMinor: lineAmountMinor(quantity, item.unitPrice, CURRENCY),
    taxCode: item.taxCode,
    unit: item.isWeighed ? "kg" : "pc",
  };
}

/** The whole sale before, taken back: the exact opposite of it, money returned in cash. */
function returnOf(sale: OrderDraft): Omit<OrderDraft, "localId"> {
  const lines = sale.lines.map((line) => ({
    ...line,
    quantity: `-${line.quantity}`,
    amountMinor: -(line.amountMinor ?? 0),
  }));
  const totalMinor = sumOf(lines);
  return {
    documentType: "return",
    lines,
    tenders: [{ type: "cash", amountMinor: totalMinor }],
    taxes: taxesOf(lines),
    original: { localId: sale.localId },
  };
}

function tendersOf(random: Prng, totalMinor: number): Tender[] {
  if (totalMinor === 0) return [];
  const way = random.whole(1, 10);
  if (way <= 4) return cash(random, totalMinor);
  if (way <= 7)
    return [{ type: "mpesa", amountMinor: totalMinor, reference: `S${random.whole(10_000_000, 99_999_999)}` }];
  if (way <= 9 || totalMinor < 2) return [{ type: "card", amountMinor: totalMinor }];
  const first = random.whole(1, totalMinor - 1);
  return [{ type: "voucher", amountMinor: first }, ...cash(random, totalMinor - first)];
}

/** Paid with notes of 50 shillings and their multiples; the change is a tender below zero. */
function cash(random: Prng, amountMinor: number): Tender[] {
  const note = random.pick([5_000, 10_000, 20_000, 50_000, 100_000]);
  const givenMinor = Math.ceil(amountMinor / note) * note;
  const given = { type: "cash", amountMinor: givenMinor };
  return givenMinor === amountMinor ? [given] : [given, { type: "cash", amountMinor: amountMinor - givenMinor }];
}

function taxesOf(lines: readonly (LineDraft & { amountMinor: number })[]): NonNullable<OrderDraft["taxes"]> {
  return (["A", "B"] as const).flatMap((code) => {
    const grossMinor = sumOf(lines.filter((line) => line.taxCode === code));
    if (!lines.some((line) => line.taxCode === code)) return [];
    const rate = TAX_RATES[code];
    const taxMinor = Math.sign(grossMinor) * Math.round((Math.abs(grossMinor) * rate) / (100 + rate)) || 0;
    return [{ code, rate: String(rate), baseMinor: grossMinor - taxMinor, taxMinor, included: true }];
  });
}

function transactionOf({ random, localId, occurredAt, items }: Maker): TransactionDraft {
  const common = { localId, currency: CURRENCY, operator: "amina", occurredAt };
  if (random.chance(0.5)) {
    // 001's PosTransaction: a sale recorded without an order, so it carries its stock delta.
    const item = random.pick(items);
    const quantity = String(random.whole(1, 4));
    const amountMinor = lineAmountMinor(quantity, item.unitPrice, CURRENCY);
    return {
      ...common,
      type: "sale",
      amountMinor,
      item: item.gtin,
      quantity,
      unitPrice: item.unitPrice,
      stockDelta: `-${quantity}`,
      tender: "cash",
    };
  }
  const amountMinor = random.whole(1, 50) * 10_000;
  if (random.chance(0.5))
    return { ...common, type: "Loan", amountMinor, tender: "cash", reason: "change from the bank" };
  return { ...common, type: "PaidOut", amountMinor: -amountMinor, tender: "cash", reason: "paid a supplier" };
}

function inventoryOf({ random, localId, occurredAt, items }: Maker): InventoryDraft {
  const item = random.pick(items).gtin;
  const common = { localId, item, operator: "amina", occurredAt };
  const way = random.whole(1, 10);
  if (way <= 6)
    return {
      ...common,
      type: "delivery",
      delta: String(random.whole(6, 144)),
      reference: `DN-${random.whole(1000, 9999)}`,
    };
  if (way <= 8) return { ...common, type: "waste", delta: `-${random.whole(1, 5)}`, reason: "damaged" };
  const previous = random.whole(5, 200);
  const counted = previous - random.whole(1, 4);
  return {
    ...common,
    type: "count",
    delta: String(counted - previous),
    previousStock: String(previous),
    newStock: String(counted),
  };
}

function sumOf(lines: readonly { readonly amountMinor?: number | undefined }[]): number {
  return lines.reduce((sum, line) => sum + (line.amountMinor ?? 0), 0);
}
