import { checkTotals, orderClosed, PAYLOADS, parseAs } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { seededDocuments } from "./seed.ts";
import { seededItems, withCheckDigit } from "./seed-items.ts";

const PLAN = { seed: 3, orders: 1200, transactions: 100, inventory: 150, startDate: "2026-02-27" };

it("makes exactly what was asked for, the same for the same plan, and other documents for another", () => {
  const documents = [...seededDocuments(PLAN)];
  const counts = Object.groupBy(documents, ({ kind }) => kind);
  expect([counts.order?.length, counts.transaction?.length, counts.inventory?.length]).toEqual([1200, 100, 150]);
  expect([...seededDocuments(PLAN)]).toEqual(documents);
  const ids = new Set(documents.map(({ draft }) => draft.localId));
  expect(ids.size).toBe(1450);
  for (const other of [
    { ...PLAN, seed: 4 },
    { ...PLAN, orders: 1201 },
    { ...PLAN, startDate: "2026-02-28" },
  ]) {
    for (const { draft } of seededDocuments(other)) expect(ids.has(draft.localId)).toBe(false);
  }
});

it("makes documents that the wire takes, with money that adds up", () => {
  for (const { kind, draft } of seededDocuments(PLAN)) {
    if (kind === "order") {
      const { localId: _id, occurredAt: _at, private: _private, ...rest } = draft;
      const lines = draft.lines.map((line, index) => ({ id: String(index), ...line }));
      const totalMinor = lines.reduce((sum, line) => sum + (line.amountMinor ?? Number.NaN), 0);
      checkTotals(parseAs(orderClosed, { ...rest, lines, totalMinor, receiptNumber: "T01-20260227-00001" }));
    } else {
      const { localId: _id, occurredAt: _at, ...payload } = draft;
      parseAs<unknown>(
        kind === "inventory" ? PAYLOADS["inventory.updated"] : PAYLOADS["transaction.recorded"],
        payload,
      );
    }
  }
});

it("makes what a shop sees: several lines, weighed goods, change, several tenders, returns, VAT that fits, days in order", () => {
  const orders = [...seededDocuments(PLAN)].filter((document) => document.kind === "order");
  const drafts = orders.map(({ draft }) => draft);
  const share = (part: number) => part / drafts.length;
  expect(share(drafts.filter(({ lines }) => lines.length >= 3 && lines.length <= 5).length)).toBeGreaterThan(0.75);
  expect(drafts.some(({ lines }) => lines.some(({ quantity }) => quantity.includes(".")))).toBe(true);
  expect(new Set(drafts.flatMap(({ tenders }) => tenders.map(({ type }) => type)))).toEqual(
    new Set(["cash", "mpesa", "card", "voucher"]),
  );
  const returns = drafts.filter(({ documentType }) => documentType === "return");
  expect(share(returns.length)).toBeGreaterThan(0.01);
  const sold = new Set(drafts.map(({ localId }) => localId));
  for (const { original } of returns) expect(sold.has(original?.localId ?? "")).toBe(true);
  for (const tax of drafts.flatMap(({ taxes }) => taxes ?? [])) {
    expect(Math.abs((tax.baseMinor * Number(tax.rate)) / 100 - tax.taxMinor)).toBeLessThanOrEqual(1);
  }
  const dates = orders.map(({ businessDate }) => businessDate);
  expect(dates).toEqual(dates.toSorted());
  expect(new Set(dates)).toEqual(new Set(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]));
});

it("gives articles GTINs with a right check digit", () => {
  // The example of GS1's General Specifications.
  expect(withCheckDigit("629104150021")).toBe("6291041500213");
  const items = seededItems(1);
  expect(new Set(items.map(({ gtin }) => gtin)).size).toBe(items.length);
  for (const { gtin } of items) expect(withCheckDigit(gtin.slice(0, 12))).toBe(gtin);
});

it("refuses a plan that makes no sense", () => {
  expect(() => [...seededDocuments({ ...PLAN, orders: -1 })]).toThrow("orders");
  expect(() => [...seededDocuments({ ...PLAN, startDate: "soon" })]).toThrow("startDate: a date as YYYY-MM-DD");
});
