import { describe, expect, it } from "vitest";
import type { ImportedEntry } from "./documents.ts";
import { loadMapping } from "./mapping.ts";
import { readDocuments } from "./read-documents.ts";
import { listOf, temporaryFile } from "./testing/temporary-file.ts";

const PLAIN = {
  system: "test",
  number: { column: "no" },
  when: { column: "at", format: "instant" },
  timeZone: "Africa/Nairobi",
  item: { column: "item" },
  unitPrice: { column: "price" },
  currency: { column: "currency" },
};

describe("a mapping file", () => {
  it("reads other delimiters, decimal commas, latin1, tenders and currencies of the file", async () => {
    const mapping = {
      ...PLAIN,
      delimiter: ";",
      encoding: "latin1",
      decimalMark: ",",
      quantity: { column: "qty" },
      tender: { column: "paid" },
    };
    const text = "no;at;item;qty;price;currency;paid\n1;2026-01-16T22:00:00Z;Cr\u00e8me;0,250;+1200,50;KES;mpesa\n";
    const [document] = await read(mapping, Buffer.from(text, "latin1"));
    expect(document).toMatchObject({
      businessDate: "2026-01-17",
      draft: {
        currency: "KES",
        lines: [{ item: "Cr\u00e8me", quantity: "0.25", unitPrice: "1200.5", amountMinor: 30_013 }],
        tenders: [{ type: "mpesa", amountMinor: 30_013 }],
        source: { system: "test" },
      },
    });
  });

  it("without a tender marks the one it makes up", async () => {
    const [document] = await read(PLAIN, "no,at,item,price,currency\n1,2026-01-16T10:00:00Z,a,1.5,JPY\n");
    expect(document?.draft).toMatchObject({
      tenders: [{ type: "other", amountMinor: 2 }],
      source: { madeUp: ["tenders"] },
    });
  });

  it("adds quantities of equal rows exactly", async () => {
    const mapping = { ...PLAIN, quantity: { column: "qty" }, combineEqualRows: true };
    const rows = ["0.1", "0.2", "-0.3", "1.000001", "-3"].map((qty) => `1,2026-01-16T10:00:00Z,a,${qty},1,KES`);
    const [document] = await read(mapping, `no,at,item,qty,price,currency\n${rows.join("\n")}`);
    expect(document?.draft).toMatchObject({ lines: [{ quantity: "-1.999999", amountMinor: -200 }] });
  });

  it.each(["1e3", "1,5", "0x10", "", ".", "1.1234567", "1234567890123456"])("refuses %j as a number", async (price) => {
    await expect(read(PLAIN, `no,at,item,price,currency\n1,2026-01-16T10:00:00Z,a,"${price}",KES\n`)).rejects.toThrow(
      "price must be a number",
    );
  });

  it("refuses a document in two currencies, naming it", async () => {
    const rows = "1,2026-01-16T10:00:00Z,a,1,KES\n1,2026-01-16T10:00:00Z,a,1,USD\n";
    await expect(read(PLAIN, `no,at,item,price,currency\n${rows}`)).rejects.toThrow(
      "All rows of a document have one currency; this one has KES and USD.",
    );
  });

  it("refuses a file that lacks one of its columns, or has it twice", async () => {
    await expect(read(PLAIN, "no,at,item,currency\n1,x,a,KES\n")).rejects.toThrow(
      'The mapping needs one column "price"; the file has: no, at, item, currency.',
    );
    await expect(read(PLAIN, "no,at,item,price,price,currency\n1,x,a,1,1,KES\n")).rejects.toThrow(
      'needs one column "price"',
    );
  });
});

it("refuses a mapping that is wrong, naming file and key", async () => {
  const file = await temporaryFile("m.json", JSON.stringify({ ...PLAIN, quantiy: 1 }));
  await expect(loadMapping(file)).rejects.toThrow(
    `The mapping ${file} is not valid: (root): Unrecognized key: "quantiy"`,
  );
  await expect(
    loadMapping(await temporaryFile("m.json", JSON.stringify({ ...PLAIN, unitPrice: { constant: 2.5 } }))),
  ).rejects.toThrow("unitPrice");
  await expect(loadMapping(await temporaryFile("m.json", "{"))).rejects.toThrow("is not valid");
  await expect(loadMapping("/nowhere/m.json")).rejects.toThrow("there is no such file");
});

async function read(mapping: object, content: string | Uint8Array): Promise<ImportedEntry[]> {
  const file = await temporaryFile("sales.csv", content);
  return listOf(readDocuments({ file, mapping: await temporaryFile("mapping.json", JSON.stringify(mapping)) }));
}
