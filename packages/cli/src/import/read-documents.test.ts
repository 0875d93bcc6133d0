import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { prng } from "../prng.ts";
import type { ImportedEntry } from "./documents.ts";
import { type ImportSource, readDocuments } from "./read-documents.ts";
import type { Refusal } from "./refusals.ts";
import { listOf, temporaryFile } from "./testing/temporary-file.ts";

const BAKERY = "Date,Time,Transaction,Item";
const RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

describe("receipts without prices or quantities (bakery)", () => {
  it("become orders: equal rows counted, the made-up fields named, everything of the file kept", async () => {
    const [document] = await csv(
      BAKERY,
      "2016-10-30,10:05:34,2,Scandinavian",
      "2016-10-30,10:05:34,2,Jam ",
      "2016-10-30,10:05:34,2,Scandinavian",
    );
    expect(document).toEqual({
      kind: "order",
      businessDate: "2016-10-30",
      draft: {
        localId: expect.stringMatching(/^[0-9a-f]{8}-/),
        documentType: "sale",
        currency: "GBP",
        lines: [
          { item: "Scandinavian", quantity: "2", unitPrice: "2.50", amountMinor: 500 },
          { item: "Jam", quantity: "1", unitPrice: "2.50", amountMinor: 250 },
        ],
        tenders: [{ type: "other", amountMinor: 750 }],
        reference: "2",
        source: { system: "bakery-breadbasket", madeUp: ["unitPrice", "currency", "tenders"] },
        occurredAt: "2016-10-30T10:05:34.000Z",
      },
    });
  });

  it("stay receipts when they hold no item at all: a line of price 0 that moves no stock, and no tender", async () => {
    const [document] = await csv(BAKERY, "2016-10-30,10:05:34,7,NONE");
    expect(document?.draft).toMatchObject({
      lines: [{ item: "NONE", quantity: "1", unitPrice: "0", amountMinor: 0, stocked: false }],
      tenders: [],
    });
  });

  it("get the same localId in every run", async () => {
    const [first] = await csv(BAKERY, "2016-10-30,10:05:34,2,Bread");
    const [again] = await csv(BAKERY, "2016-10-31,10:05:34,1,Bread", "2016-10-31,10:05:34,2,Bread").then((list) =>
      list.slice(1),
    );
    expect(again?.draft.localId).toBe(first?.draft.localId);
  });
});

describe("invoices and cancellations (online-retail)", () => {
  it("round each line half-up, away from zero for returns", async () => {
    const [sale, back] = await csv(
      RETAIL,
      "1,A,x,5,2010-12-01 08:26:00,0.001,,UK",
      "C2,A,x,-5,2010-12-01 08:27:00,0.001,,UK",
    );
    expect(linesOf(sale)).toMatchObject([{ quantity: "5", unitPrice: "0.001", amountMinor: 1 }]);
    expect(back?.draft).toMatchObject({
      documentType: "return",
      lines: [{ quantity: "-5", amountMinor: -1 }],
      tenders: [{ amountMinor: -1 }],
    });
  });

  it("keep customer, description and services as they are meant", async () => {
    const [document] = await csv(
      RETAIL,
      "1,POST,  POSTAGE ,1,2010-12-01 08:26:00,18.0,17850.0,UK",
      "1,22423,,1,2010-12-01 08:26:00,12.750,17850.0,UK",
    );
    expect(document?.draft).toMatchObject({ customerId: "17850" });
    expect(linesOf(document)).toEqual([
      { item: "POST", description: "POSTAGE", quantity: "1", unitPrice: "18", amountMinor: 1800, stocked: false },
      { item: "22423", quantity: "1", unitPrice: "12.75", amountMinor: 1275 },
    ]);
  });

  it("turn stock written off into an inventory update", async () => {
    const [document] = await csv(RETAIL, "5,22139,damaged,-10,2010-12-01 08:26:00,0.0,,UK");
    expect(document).toMatchObject({
      kind: "inventory",
      businessDate: "2010-12-01",
      draft: { item: "22139", delta: "-10", type: "write-off", reference: "5", reason: "damaged" },
    });
  });

  it("stay one document when rows lie apart or carry two minutes; the first one's time counts", async () => {
    const documents = await csv(
      RETAIL,
      "1,A,x,1,2011-06-01 08:26:00,1,,UK",
      "2,A,x,1,2011-06-01 08:27:00,1,,UK",
      "1,B,x,1,2011-06-01 08:28:00,1,,UK",
    );
    expect(documents.map(({ draft }) => ["reference" in draft && draft.reference, draft.occurredAt])).toEqual([
      ["1", "2011-06-01T07:26:00.000Z"],
      ["2", "2011-06-01T07:27:00.000Z"],
    ]);
    expect(linesOf(documents[0])).toHaveLength(2);
  });

  it("cut long descriptions and keep long and odd items apart", async () => {
    const long = "9".repeat(70);
    const [document] = await csv(
      RETAIL,
      `1,"a ""b"", \u0001c",${"d".repeat(300)},1,2010-12-01 08:26:00,1,,UK`,
      `1,${long}1,,1,2010-12-01 08:26:00,1,,UK`,
      `1,${long}2,,1,2010-12-01 08:26:00,1,,UK`,
    );
    const [odd, one, two] = linesOf(document);
    expect([odd?.item, odd?.description]).toEqual(['a "b",  c', "d".repeat(256)]);
    expect([one?.item.length, one?.description]).toEqual([64, `${long}1`]);
    expect(one?.item).not.toBe(two?.item);
  });
});

describe("a row that cannot be read", () => {
  const rows = [
    "1,A,x,1,2010-12-01 08:26:00,1,,UK",
    "2,A,x,1,2010-12-01 08:26:00,1,,UK",
    "2,A,x,many,2010-12-01 08:26:00,1,,UK",
    "3,A,x,1,2010-12-01 08:26:00,1",
    ",A,x,1,2010-12-01 08:26:00,1,,UK",
    "2,A,x,1,2010-02-30 08:26:00,1,,UK",
  ];

  it("stops the import before the first document, counted, with line and column", async () => {
    const seen: unknown[] = [];
    const reading = async () => {
      for await (const document of readDocuments({ file: await temporaryFile("x.csv", [RETAIL, ...rows].join("\n")) }))
        seen.push(document);
    };
    await expect(reading()).rejects.toMatchObject({
      code: "INVALID_INPUT",
      details: { refused: 3, line: 4, field: "Quantity" },
    });
    await expect(reading()).rejects.toThrow(
      /3 lines cannot be imported. The first is line 4: Quantity must be a number .* got "many"/,
    );
    expect(seen).toEqual([]);
  });

  it("leaves out its whole document, told once, when the caller listens", async () => {
    const refusals: Refusal[] = [];
    const documents = await csvWith({ onRefused: (refusal) => refusals.push(refusal) }, RETAIL, ...rows);
    expect(documents.map(({ draft }) => "reference" in draft && draft.reference)).toEqual(["1"]);
    expect(refusals.map(({ line, document, field }) => [line, document, field])).toEqual([
      [4, "2", "Quantity"],
      [5, undefined, "(row)"],
      [6, undefined, "InvoiceNo"],
    ]);
  });

  it("is also one that breaks the CSV itself", async () => {
    await expect(csv(RETAIL, '1,A,"x,1,2010-12-01 08:26:00,1,,UK')).rejects.toThrow(
      /is not CSV that can be read: CSV_QUOTE_NOT_CLOSED near line \d/,
    );
    await expect(csv(RETAIL, '1,A"x,x,1,2010-12-01 08:26:00,1,,UK')).rejects.toThrow(
      /is not CSV that can be read: INVALID_OPENING_QUOTE near line \d/,
    );
  });
});

it("wants a mapping for columns it does not know, and says which line it saw", async () => {
  await expect(csv("a,b", "1,2")).rejects.toThrow(
    "No mapping that comes with Tillsync fits this file; give a mapping file that says what its columns mean. Its first line is: a,b",
  );
  await expect(csv("", "")).rejects.toThrow("is empty");
});

it("reads generated receipts to the last penny, gzip or not, however their rows are mixed", async () => {
  const random = prng(4);
  let cents = 0n;
  const numbers = new Set<string>();
  const rows = Array.from({ length: 3000 }, () => {
    const back = random.chance(0.2) ? "C" : "";
    const number = `${back}${random.whole(1, 400)}`;
    const [quantity, milli] = [random.whole(1, 90) * (back === "" ? 1 : -1), random.whole(1, 30_000)];
    // Half-up in whole tenths of a cent, away from zero: written apart from the code under test.
    const product = BigInt(Math.abs(quantity) * milli);
    cents += ((product + 5n) / 10n) * (quantity < 0 ? -1n : 1n);
    numbers.add(number);
    return `${number},I${random.whole(1, 50)},x,${quantity},2011-03-27 0${random.whole(0, 9)}:26:00,${(milli / 1000).toFixed(3)},,UK`;
  });
  const file = await temporaryFile("generated", gzipSync([RETAIL, ...rows].join("\r\n")));
  const tally = tallyOf(await listOf(readDocuments({ file })));
  expect(tally).toMatchObject({ documents: numbers.size, lines: 3000, totalMinor: Number(cents) });
  expect(tally.returns).toBe([...numbers].filter((number) => number.startsWith("C")).length);
});

function csv(...lines: string[]): Promise<ImportedEntry[]> {
  return csvWith({}, ...lines);
}

async function csvWith(options: Partial<ImportSource>, ...lines: string[]): Promise<ImportedEntry[]> {
  return listOf(readDocuments({ ...options, file: await temporaryFile("sales.csv", lines.join("\r\n")) }));
}

function linesOf(document: ImportedEntry | undefined) {
  return document?.kind === "order" ? document.draft.lines : [];
}

function tallyOf(documents: readonly ImportedEntry[]) {
  const orders = documents.filter((document) => document.kind === "order");
  const lines = orders.flatMap(({ draft }) => draft.lines);
  return {
    documents: documents.length,
    lines: lines.length,
    returns: orders.filter(({ draft }) => draft.documentType === "return").length,
    totalMinor: lines.reduce((sum, line) => sum + (line.amountMinor ?? Number.NaN), 0),
  };
}
