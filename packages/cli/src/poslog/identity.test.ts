import { orderClosed, orderLine, PAYLOADS, tender } from "@tillsync/protocol";
import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documentLine, type ImportedEntry } from "../import/documents.ts";
import { readDocuments } from "../import/read-documents.ts";
import { listOf, temporaryFile } from "../import/testing/temporary-file.ts";
import type { ReadingReport } from "./left-out.ts";
import * as generated from "./testing/entries.ts";
import { transactionText } from "./write-entry.ts";
import { LogWriter } from "./xml-writer.ts";

/** A log of these documents, as `export` writes it. */
function logOf(entries: readonly ImportedEntry[]): string {
  const writer = new LogWriter();
  const place = { store: "<S&1>", terminal: "T01" };
  const texts = entries.map((entry, at) =>
    transactionText(writer, { entry, ...place, terminal: entry.terminal ?? "T01", sequence: at + 1 }),
  );
  return [writer.begin, ...texts, writer.end].join("");
}

async function readBack(text: string) {
  const reports: ReadingReport[] = [];
  const file = await temporaryFile("log.xml", text);
  const entries = await listOf(readDocuments({ file, onReport: (report) => reports.push(report) }));
  return { entries, report: reports[0] };
}

it("what is written is read back the same, whatever a till recorded, and nothing of it is left out", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(generated.entries, { minLength: 1, maxLength: 8 }), async (written) => {
      const text = logOf(written);
      const { entries, report } = await readBack(text);
      expect(entries).toEqual(written);
      expect(logOf(entries)).toBe(text);
      expect(report).toMatchObject({ transactions: written.length, transactionsLeftOut: 0, leftOut: [], notes: [] });
    }),
    { numRuns: 300 },
  );
});

it("an independent parser reads it too: well-formed, every name in its namespace", () => {
  fc.assert(
    fc.property(fc.array(generated.entries, { maxLength: 4 }), (written) => {
      const errors: string[] = [];
      const onError = (_level: string, message: string) => errors.push(message);
      const document = new DOMParser({ onError }).parseFromString(logOf(written), "text/xml");
      expect(errors).toEqual([]);
      const namespaces = new Set([...document.getElementsByTagName("*")].map(({ namespaceURI }) => namespaceURI));
      for (const namespace of namespaces) expect(NAMESPACES).toContain(namespace);
      expect(document.getElementsByTagName("Transaction")).toHaveLength(written.length);
    }),
    { numRuns: 100 },
  );
});

const NAMESPACES = ["http://www.nrf-arts.org/IXRetail/namespace/", "urn:tillsync:poslog:1"];

it("NDJSON is read back the same as well", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(generated.entries, { minLength: 1, maxLength: 8 }), async (written) => {
      const file = await temporaryFile("log.ndjson", written.map((entry) => `${documentLine(entry)}\n`).join(""));
      expect(await listOf(readDocuments({ file }))).toEqual(written);
    }),
    { numRuns: 50 },
  );
});

describe("every field of the wire is among those that are written", () => {
  const { taxes, original, source } = orderClosed.shape;
  const BESIDE = ["localId", "occurredAt", "private"];
  const SCHEMAS: readonly [string, object, object, readonly string[]][] = [
    ["a line", orderLine.shape, generated.LINE, []],
    ["a tender", tender.shape, generated.TENDER, []],
    ["a tax", taxes.unwrap().element.shape, generated.TAX, []],
    ["an original", original.unwrap().shape, generated.ORIGINAL, []],
    ["a source", source.unwrap().shape, generated.SOURCE, []],
    ["an order", orderClosed.shape, generated.ORDER, ["receiptNumber", "totalMinor", "openedAt"]],
    ["a transaction", PAYLOADS["transaction.recorded"].shape, generated.TRANSACTION, []],
    ["an inventory update", PAYLOADS["inventory.updated"].shape, generated.INVENTORY, []],
    ["the opening of a shift", PAYLOADS["shift.opened"].shape, generated.OPENING, ["currency"]],
    [
      "its closing",
      PAYLOADS["shift.closed"].shape,
      generated.CLOSING,
      Object.keys(PAYLOADS["shift.closed"].shape).filter((field) => field !== "operator" && field !== "counted"),
    ],
  ];

  it.each(SCHEMAS)("%s", (_what, shape, written, ofTheTill) => {
    const known = Object.keys(shape).filter((field) => !ofTheTill.includes(field));
    const extra = BESIDE.filter((field) => field in written);
    expect(Object.keys(written).toSorted()).toEqual([...new Set([...known, ...extra])].toSorted());
  });
});

describe("a log of ours that somebody changed", () => {
  const order: ImportedEntry = {
    kind: "order",
    businessDate: "2026-01-16",
    terminal: "T01",
    draft: {
      localId: "o-1",
      documentType: "sale",
      currency: "KES",
      lines: [{ id: "1", item: "bread", quantity: "1", unitPrice: "50.00", amountMinor: 5000 }],
      tenders: [{ type: "cash", amountMinor: 5000 }],
      occurredAt: "2026-01-16T10:00:00.000Z",
    },
  };
  const text = logOf([order]);

  it.each([
    [
      "its total",
      ">50.00</Total>",
      ">49.00</Total>",
      "TransactionGrandAmount (line 3 column",
      "is 4900 minor units, but the lines and taxes make 5000",
    ],
    ["a line", "<ExtendedAmount>50.00<", "<ExtendedAmount>51.00<", "TransactionGrandAmount", "make 5100"],
    ["a tender", "<Amount>50.00<", "<Amount>51.00<", "o-1", "tenders is 5100 minor units, but the total is 5000"],
    [
      "its kind",
      'tillsync:kind="order"',
      'tillsync:kind="gift"',
      "Transaction",
      "a kind of document that this version knows",
    ],
    [
      "a flag",
      'ItemType="Stock"',
      'ItemType="Stock" tillsync:stocked="perhaps"',
      "Sale",
      "tillsync:stocked true or false",
    ],
    ["its form", "<ItemID>bread", '<ItemID tillsync:form="json">bread', "ItemID", "a JSON text, as its form says"],
    ["a field's length", "<ItemID>bread", `<ItemID>${"b".repeat(65)}`, "lines.0.item", "o-1"],
  ])("is refused for %s", async (_what, from, to, where, why) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    const refused = expect(readBack(changed)).rejects;
    await refused.toThrow(where);
    await refused.toThrow(why);
    await refused.toThrow("transaction o-1");
  });

  it("is imported with what was added reported", async () => {
    const added = text.replace("<Quantity>", '<Colour shade="dark">red</Colour><Quantity>');
    const { entries, report } = await readBack(added);
    expect(entries).toEqual([order]);
    expect(report?.leftOut.map(({ name }) => name)).toEqual(["RetailTransaction/LineItem/Sale/Colour"]);
  });
});
