import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { totalOf } from "./documents.ts";
import { readDocuments } from "./read-documents.ts";

// The files are not ours to ship; they lie beside the repository where it is developed.
const DATA = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
const BAKERY = `${DATA}bakery-breadbasket.csv.gz`;
const RETAIL = `${DATA}online-retail.csv.gz`;

it("imports all 9,531 receipts of the bakery, also the 66 that hold no item", async (context) => {
  if (!existsSync(BAKERY)) context.skip("not run: the real file is not there; generated ones are tested elsewhere");
  const tally = await tallyOf(BAKERY);
  expect(tally).toMatchObject({ documents: 9531, orders: 9531, withoutMoney: 66, localIds: 9531, dates: 159 });
  // 21,293 rows less 786 without an item, less one correction that has a price all the same: nothing is lost by counting.
  expect(tally.pieces).toBe(21_293);
  expect(tally.totalMinor).toBe((21_293 - 786) * 250);
});

it("imports all 25,900 invoices of online-retail to the penny: GBP 9,747,747.93", async (context) => {
  if (!existsSync(RETAIL)) context.skip("not run: the real file is not there; generated ones are tested elsewhere");
  const tally = await tallyOf(RETAIL);
  expect(tally).toMatchObject({
    documents: 25_900,
    returns: 3_836,
    totalMinor: 974_774_793,
    localIds: 25_900,
    dates: 305,
  });
  expect(tally).toMatchObject({ orders: 24_564, inventory: 1_336, lines: 541_909 - 1_336, longest: 1_114 });
  // Half a million rows: a bound for a machine that has other things to do.
}, 240_000);

async function tallyOf(file: string) {
  const tally = {
    documents: 0,
    orders: 0,
    inventory: 0,
    returns: 0,
    withoutMoney: 0,
    lines: 0,
    longest: 0,
    pieces: 0,
    totalMinor: 0,
  };
  const localIds = new Set<string>();
  const dates = new Set<string>();
  for await (const { kind, businessDate, draft } of readDocuments({ file })) {
    tally.documents += 1;
    localIds.add(draft.localId);
    dates.add(businessDate);
    if (kind === "inventory") tally.inventory += 1;
    if (kind !== "order") continue;
    const totalMinor = totalOf(draft) ?? Number.NaN;
    const tendersMinor = draft.tenders.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    expect(tendersMinor).toBe(totalMinor);
    tally.orders += 1;
    tally.totalMinor += totalMinor;
    tally.lines += draft.lines.length;
    tally.longest = Math.max(tally.longest, draft.lines.length);
    tally.pieces += draft.lines.reduce((sum, { quantity }) => sum + Number(quantity), 0);
    if (draft.documentType === "return") tally.returns += 1;
    if (draft.tenders.length === 0) tally.withoutMoney += 1;
  }
  return { ...tally, localIds: localIds.size, dates: dates.size };
}
