import { formatMinor, lineAmountMinor, type OrderClosed } from "@tillsync/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { receiptAsEscpos } from "./as-escpos.ts";
import { receiptAsText } from "./as-text.ts";
import { type ReceiptFacts, receiptDocument } from "./document.ts";
import type { Signed } from "./fiscal-block.ts";
import { COLUMNS, layOut, printable } from "./layout.ts";

const BREAD = { id: "1", item: "bread", quantity: "2", unitPrice: "60.00", amountMinor: 12_000, taxCode: "B" };
const ORDER: OrderClosed = {
  ...{ documentType: "sale", receiptNumber: "T01-20260116-00001", currency: "KES", lines: [BREAD], totalMinor: 12_000 },
  tenders: [
    { type: "cash", amountMinor: 20_000 },
    { type: "cash", amountMinor: -8_000 },
  ],
  taxes: [{ code: "B", rate: "16", baseMinor: 10_345, taxMinor: 1_655, included: true }],
};
const FACTS: ReceiptFacts = {
  ...{ order: ORDER, closedAt: "2026-01-16T22:30:00.000Z", till: "T01", timeZone: "Africa/Nairobi", print: "original" },
  ...{ header: ["Duka Ltd"], footer: ["Asante"] },
};
const SIGNED: Signed = {
  ...{ state: "signed", scuId: "KRACU0100000001", receiptNumber: 7, totalReceipts: 9, signedAt: "20260117013001" },
  ...{ internalData: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", signature: "ABCDEFGHIJKLMNOP" },
  qr: "https://etims.kra.go.ke/common/link/etims/receipt/indexEtimsReceiptData?Data=P000000000A00ABCDEFGHIJKLMNOP",
};
const text = (facts: Partial<ReceiptFacts>, columns: (typeof COLUMNS)[number] = 32) =>
  receiptAsText(receiptDocument({ ...FACTS, ...facts }), columns);
const squeezed = (lines: string) => lines.replace(/\s+/g, "");

/** What the paper shows: the bytes without the printer's commands. */
function onPaper(bytes: Uint8Array): string {
  const raw = Buffer.from(bytes).toString("latin1");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: commands of a printer are control characters.
  return raw.replace(/\x1d\(k..[\s\S]*?(?=\x1d|\x1b|\n|\r)|\x1b[@]|\x1b[Eta!-].|\x1d[V].|\x1c\./g, "");
}

describe("a receipt", () => {
  it("has the store's time, the totals, the tax and the change", () => {
    expect(text({})).toBe(
      [
        "            Duka Ltd",
        "            RECEIPT",
        "Receipt       T01-20260116-00001",
        "Date         2026-01-17 01:30:00",
        "Till                         T01",
        "--------------------------------",
        "bread",
        "  2 x 60.00              120.00B",
        "--------------------------------",
        "TOTAL KES                 120.00",
        "Items                          1",
        "Base B                    103.45",
        "Tax B 16 % included        16.55",
        "cash                      200.00",
        "Change                     80.00",
        "             Asante",
        "",
      ].join("\n"),
    );
  });

  it("says of a copy, a repeat, a return and a void what it is", () => {
    expect(text({})).not.toContain("COPY");
    expect(text({ print: "copy" })).toContain("*** COPY ***");
    expect(text({ print: "repeat" })).toContain("REPEAT");
    expect(text({ order: { ...ORDER, documentType: "return" } })).toContain("RETURN");
    expect(text({ order: { ...ORDER, documentType: "void" } })).toContain("VOID");
  });

  it("has the fiscal block as it was signed, with the labels of copies and credit notes", () => {
    const signed = text({ fiscal: SIGNED }, 48);
    expect(signed).toContain("TAX INVOICE");
    expect(signed).toContain("KRACU0100000001/7");
    expect(signed).toContain("7/9 NS");
    expect(squeezed(signed)).toContain("ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ");
    expect(signed).toContain(SIGNED.qr);
    expect(text({ fiscal: SIGNED, print: "copy" })).toContain("7/9 CS");
    const credit = text({ fiscal: { ...SIGNED, originalNumber: "X/3" }, order: { ...ORDER, documentType: "return" } });
    expect(credit).toContain("7/9 NC");
    expect(squeezed(credit)).toContain(squeezed("ORIGINAL CU INVOICE NO X/3"));
    expect(text({ fiscal: { state: "pending" } })).toContain("eTIMS pending");
    expect(text({ fiscal: { state: "pending" } })).not.toContain("TAX INVOICE");
  });

  it("shows what the paper cannot print, and obeys no command in a name", () => {
    expect(printable("Café crème 5 €")).toBe("Café crème 5 €");
    expect(printable("Łódź 茶 “Tea”")).toBe('?ódz ? "Tea"');
    expect(printable("a\u001b@b\nc")).toBe("a?@b c");
  });
});

const anyLine = fc
  .record({
    description: fc.string({ minLength: 1, maxLength: 120, unit: "grapheme" }),
    cents: fc.nat(99_999),
    quantity: fc.integer({ min: -99, max: 99 }),
  })
  .map(({ description, cents, quantity }) => {
    const unitPrice = formatMinor(cents, "KES");
    const amountMinor = lineAmountMinor(String(quantity), unitPrice, "KES");
    return { id: "1", item: "x", description, unitPrice, quantity: String(quantity), amountMinor };
  });
const anyOrder = fc.array(anyLine, { maxLength: 6 }).map((lines): OrderClosed => {
  const totalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return { ...ORDER, lines, totalMinor, tenders: [{ type: "card", amountMinor: totalMinor }], taxes: [] };
});

describe("any receipt", () => {
  it("has every line's name, quantity and amount and the total, on lines that fit the paper", () => {
    fc.assert(
      fc.property(anyOrder, fc.constantFrom(...COLUMNS), (order, columns) => {
        const shown = text({ order }, columns);
        for (const line of shown.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
        let at = 0;
        const paper = squeezed(shown);
        for (const line of order.lines) {
          const said = `${printable(line.description ?? "")}${line.quantity}x${line.unitPrice}${formatMinor(line.amountMinor, "KES")}`;
          at = paper.indexOf(squeezed(said), at);
          expect(at, said).toBeGreaterThanOrEqual(0);
        }
        expect(paper.slice(at)).toContain(`TOTALKES${formatMinor(order.totalMinor, "KES")}`);
      }),
      { numRuns: 40 },
    );
  });

  it("is the same in the bytes for a printer, with the QR code's content", async () => {
    for (const columns of COLUMNS) {
      const document = receiptDocument({ ...FACTS, fiscal: SIGNED, print: "copy" });
      const bytes = await receiptAsEscpos(document, columns);
      const paper = squeezed(onPaper(bytes));
      for (const placed of layOut(document, columns)) {
        if (placed.kind === "line") expect(paper).toContain(squeezed(placed.text));
        if (placed.kind === "qr") expect(Buffer.from(bytes).toString("latin1")).toContain(placed.content);
      }
      expect(Buffer.from(bytes).includes(Buffer.from([0x1d, 0x56]))).toBe(true);
    }
  });

  it("has accents and the euro as code page 858 has them", async () => {
    const bytes = await receiptAsEscpos(receiptDocument({ ...FACTS, header: ["Café €"] }), 32);
    expect(Buffer.from(bytes).includes(Buffer.from([...Buffer.from("Caf"), 0x82, 0x20, 0xd5]))).toBe(true);
  });
});
