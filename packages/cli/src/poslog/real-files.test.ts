import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { OrderDraft } from "@tillsync/engine";
import { checkTotals, type OrderClosed } from "@tillsync/protocol";
import { DOMParser, type Element } from "@xmldom/xmldom";
import { expect, it, type TestContext } from "vitest";
import { totalOf } from "../import/documents.ts";
import { readDocuments } from "../import/read-documents.ts";
import { listOf } from "../import/testing/temporary-file.ts";
import type { ReadingReport } from "./left-out.ts";
import { exported, importInto, openTill } from "./testing/till-on-disk.ts";

// The files are not ours to ship; they lie beside the repository where it is developed.
const DATA = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
const LARGE = `${DATA}poslog-supermarket.xml.gz`;
const SMALL = `${DATA}poslog-small.xml.gz`;
const TIME_ZONE = "America/Los_Angeles";

function needs(context: TestContext, ...files: readonly string[]): void {
  if (!files.every((file) => existsSync(file)))
    context.skip("not run: the real file is not there; hand-written logs are tested beside");
}

/** The file by another parser, as a tree: what it says is counted here without any code of the import. */
function treeOf(file: string): Element[] {
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  return [...new DOMParser().parseFromString(text, "text/xml").getElementsByTagName("Transaction")];
}

const texts = (element: Element, name: string) =>
  [...element.getElementsByTagName(name)].map((found) => found.textContent ?? "");
const cents = (text: string) => Math.round(Number(text) * 100);
const centsIn = (element: Element, name: string) =>
  [...element.getElementsByTagName(name)]
    .flatMap((found) => [...found.childNodes])
    .filter(({ nodeName }) => nodeName === "Amount")
    .reduce((sum, amount) => sum + cents(amount.textContent ?? ""), 0);
const totalIn = (element: Element, type: string) =>
  [...element.getElementsByTagName("Total")]
    .filter((total) => total.getAttribute("TotalType") === type)
    .reduce((sum, total) => sum + cents(total.textContent ?? ""), 0);

async function readFully(file: string) {
  let report: ReadingReport | undefined;
  const onReport = (told: ReadingReport) => {
    report = told;
  };
  const entries = await listOf(readDocuments({ file, timeZone: TIME_ZONE, onReport }));
  const orders = entries.flatMap(({ kind, draft }) => (kind === "order" ? [draft] : []));
  return { entries, orders, report };
}

it("reads the supermarket's 51 transactions: 42 receipts of USD 2,643.72 in all, each to the cent", async (context) => {
  needs(context, LARGE);
  const { entries, orders } = await readFully(LARGE);
  const receipts = treeOf(LARGE).filter(
    (transaction) => transaction.getElementsByTagName("RetailTransaction").length > 0,
  );
  expect([entries.length, orders.length, receipts.length]).toEqual([51, 42, 42]);
  const sum = (of: (order: OrderDraft) => number) => orders.reduce((all, order) => all + of(order), 0);
  expect(sum((order) => totalOf(order) ?? Number.NaN)).toBe(264_372);
  for (const [at, receipt] of receipts.entries()) {
    const order = orders[at] as OrderDraft;
    const part = (name: string) => texts(receipt, name)[0];
    expect(order.reference).toBe(
      ["RetailStoreID", "WorkstationID", "BusinessDayDate", "SequenceNumber"].map(part).join("/"),
    );
    expect(order.operator).toBe(part("OperatorID"));
    expect(totalOf(order)).toBe(totalIn(receipt, "TransactionGrandAmount"));
    expect(totalOf(order)).toBe(totalIn(receipt, "acs:GrossPositive") + totalIn(receipt, "acs:GrossNegative"));
    const taxMinor = (order.taxes ?? []).reduce((all, tax) => all + tax.taxMinor, 0);
    expect(taxMinor).toBe(totalIn(receipt, "TransactionTaxAmount"));
    const tendersMinor = order.tenders.reduce((all, { amountMinor }) => all + amountMinor, 0);
    expect(tendersMinor).toBe(centsIn(receipt, "Tender"));
    checkTotals({ ...(order as unknown as OrderClosed), receiptNumber: "x", totalMinor: tendersMinor });
    expect(order.lines.map(({ item }) => item)).toEqual(
      [...receipt.getElementsByTagName("Sale")].map((sale) => texts(sale, "ItemID")[0]),
    );
  }
});

it("keeps its lines, weights, voids, taxes, tenders and control transactions", async (context) => {
  needs(context, LARGE);
  const { entries, orders, report } = await readFully(LARGE);
  const lines = orders.flatMap((order) => order.lines);
  const tenders = orders.flatMap((order) => order.tenders);
  expect(lines).toHaveLength(552);
  expect(lines.filter(({ unit }) => unit === "weight")).toHaveLength(168);
  const voided = lines.filter(({ quantity }) => quantity.startsWith("-"));
  // Four voided lines, and one bottle refund.
  expect(voided.map(({ amountMinor }) => amountMinor)).toEqual([-279, -440, -200, -1250, -9366]);
  expect(orders.flatMap((order) => order.taxes ?? [])).toHaveLength(23);
  expect([tenders.length, tenders.filter(({ type }) => type === "card").length]).toEqual([51, 35]);
  expect(tenders.filter(({ type }) => type === "cash")).toHaveLength(16);
  expect(tenders.filter(({ amountMinor }) => amountMinor < 0)).toHaveLength(9);
  const rewards = lines.reduce((all, { discountMinor = 0 }) => all + discountMinor, 0);
  expect(rewards).toBe(20_300);
  // The log has each reward a second time, summed up by promotion.
  const summed = treeOf(LARGE)
    .flatMap((transaction) => [...transaction.getElementsByTagName("LoyaltyReward")])
    .filter((reward) => reward.getAttribute("acs:summarizedActivity") === "true")
    .filter((reward) => texts(reward, "acs:RewardCategory")[0] === "Monetary")
    .map((reward) => cents(texts(reward, "acs:ExtendedRewardAmount")[0] ?? ""));
  expect(summed.reduce((all, amount) => all - amount, 0)).toBe(20_300);
  const control = entries.flatMap(({ kind, draft }) => (kind === "transaction" ? [draft.type] : []));
  expect(control.toSorted()).toEqual([
    ...Array(2).fill("no-sale"),
    ...Array(3).fill("sign-off"),
    ...Array(4).fill("sign-on"),
  ]);
  const times = entries.map(({ draft }) => draft.occurredAt ?? "").sort();
  expect([times[0], times.at(-1)]).toEqual(["2017-10-01T22:15:25.000Z", "2017-10-01T22:29:57.000Z"]);
  expect(new Set(entries.map(({ draft }) => draft.localId)).size).toBe(51);
  expect(report?.notes).toContainEqual({ what: "lines with VoidFlag, kept as the negative lines they are", count: 4 });
});

it("accounts for every element and attribute: in a document, or left out by name and reason", async (context) => {
  needs(context, LARGE);
  const { report } = await readFully(LARGE);
  const elements = treeOf(LARGE).flatMap((transaction) => [transaction, ...transaction.getElementsByTagName("*")]);
  const attributes = elements
    .flatMap((element) => [...element.attributes])
    .filter(({ name }) => !name.startsWith("xmlns"));
  expect(report?.elements.inFile).toBe(elements.length);
  expect(report?.attributes.inFile).toBe(attributes.length);
  expect(report).toMatchObject({ transactions: 51, transactionsLeftOut: 0 });
  const counts = new Map(report?.leftOut.map(({ name, count }) => [name, count]));
  const named = (name: string) => elements.filter(({ nodeName }) => nodeName === name).length;
  const item = "RetailTransaction/LineItem";
  for (const name of ["acs:CRMCustomVariable", "acs:AgeRestriction", "acs:ElectronicSignature", "acs:ItemNotFound"])
    expect([name, counts.get(`${item}/${name}`)]).toEqual([name, named(name)]);
  expect(counts.get("comment()")).toBe(23);
  expect(counts.get("RetailTransaction/TransactionLink")).toBe(1);
  expect(report?.leftOut.filter(({ reason }) => reason === "Tillsync has no field for it")).toEqual([]);
});

it("reads the two transactions of the small file", async (context) => {
  needs(context, SMALL);
  const { entries, orders, report } = await readFully(SMALL);
  expect(entries.map(({ kind, businessDate }) => [kind, businessDate])).toEqual([
    ["transaction", "2017-09-30"],
    ["order", "2017-09-30"],
  ]);
  expect(orders[0]).toMatchObject({
    lines: [{ quantity: "0.42", unitPrice: "2.99", amountMinor: 107, discountMinor: 19, unit: "weight" }],
    tenders: [{ type: "card", amountMinor: 107 }],
    customerId: "0000000000000000000000001",
    occurredAt: "2017-10-01T09:02:54.000Z",
  });
  expect(report?.elements.inFile).toBe(
    treeOf(SMALL).flatMap((transaction) => [transaction, ...transaction.getElementsByTagName("*")]).length,
  );
});

it("records both through a till once, and exports what an empty till imports and exports the same", async (context) => {
  needs(context, LARGE, SMALL);
  const [first, second] = [await openTill({ currency: "USD" }), await openTill({ currency: "USD" })];
  const both = async () => [
    await importInto({ file: LARGE, timeZone: TIME_ZONE }, first),
    await importInto({ file: SMALL, timeZone: TIME_ZONE }, first),
  ];
  expect(await both()).toMatchObject([{ recorded: 51 }, { recorded: 2 }]);
  expect(await both()).toMatchObject([
    { recorded: 0, duplicates: 51 },
    { recorded: 0, duplicates: 2, shifts: 0 },
  ]);
  const one = await exported([first]);
  expect(one.summary[0]).toMatchObject({
    sums: { USD: 264_372 + 107 },
    documents: { order: 43, transaction: 10 },
    notExported: [],
  });
  expect(await importInto({ file: one.file }, second)).toMatchObject({ recorded: 53, renumbered: 0 });
  const two = await exported([second]);
  expect(readFileSync(two.file, "utf8")).toBe(readFileSync(one.file, "utf8"));
});
