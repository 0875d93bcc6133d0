import { afterAll, beforeAll, expect, it } from "vitest";
import { drained, ShopOnFolders, type TillFolder } from "../testing/till-folders.ts";
import { verify } from "./verify.ts";

let shop: ShopOnFolders;

beforeAll(async () => {
  shop = await ShopOnFolders.open();
});
afterAll(() => shop.close());

/** Two sales, then database and witness are copied; three more go to head office, and both are put back. */
async function rolledBack(shortId: string): Promise<TillFolder> {
  const folder = await shop.enrol(shortId);
  await folder.sell(`${shortId}-a`, 2);
  folder.keep();
  await folder.sell(`${shortId}-b`, 3);
  folder.putBack("the last kept", { withWitness: true });
  return folder;
}

it("a till that was rolled back with its witness hears of it before it sells, has its sales back, and repeats no number", async () => {
  const folder = await rolledBack("T01");
  const till = folder.open();
  await drained(till);
  expect(till.status()).toMatchObject({ incarnationOrdinal: 2 });
  expect(till.status().text).toMatch(
    /This till went on in life 2: head office has \d changes of the life, this database \d/,
  );
  expect(till.order("T01-b-2")?.receiptNumber).toBe("T01-20260116-00005");
  await till.close();
  expect((await folder.sell("T01-x", 1))[0]).toMatch(/^T01R...-20260116-00001$/);
  const { receipts, equal } = await verify({ file: folder.file, centre: folder.central });
  expect({ gaps: receipts.gaps, equal }).toEqual({ gaps: 0, equal: true });
  expect((await shop.tasksOf(folder)).map(({ kind }) => kind)).toEqual(["till-parted"]);
});

it("one that sold offline first gave a number again, keeps both sales, is flagged with both, and gives none again afterwards", async () => {
  const folder = await rolledBack("T02");
  // Nobody could know: this number is out there twice, on two papers.
  expect(await folder.sell("T02-x", 1, false)).toEqual(["T02-20260116-00003"]);
  const till = folder.open();
  await drained(till);
  expect(till.status()).toMatchObject({ pending: 0, syncedOrders: 6, failedOrders: 0 });
  expect(till.order("T02-x-0")?.receiptNumber).toBe("T02-20260116-00003");
  expect(till.order("T02-b-0")?.receiptNumber).toBe("T02-20260116-00003");
  await till.close();
  expect((await folder.sell("T02-y", 1))[0]).toMatch(/^T02R...-20260116-00001$/);
  const tasks = await shop.tasksOf(folder);
  const receipts = [{ localId: "T02-b-0" }, { localId: "T02-x-0" }];
  expect(tasks.find(({ kind }) => kind === "receipt-twice")).toMatchObject({
    subject: "T02-20260116-00003",
    evidence: { receipts },
  });
  expect(tasks).toHaveLength(2);
});
