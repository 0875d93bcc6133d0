import { lineAmountMinor, type OrderLine } from "@tillsync/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stampOf } from "../../client/nairobi.ts";
import { invoice, NEVER, Shop, SODA, sodas, sodasBack, testSettings } from "../client/testing/shop.ts";
import { codeListData } from "../simulator/code-lists.ts";
import { TAX_FIELDS } from "../simulator/fields.ts";
import { readKraCodes, TAX_TYPES } from "./kra-codes.ts";
import { withoutTax } from "./line.ts";
import { paymentType } from "./payment.ts";
import { type InvoiceGiven, saleRequest } from "./sale-request.ts";

const settings = testSettings("oscu-direct");
const shop = new Shop();
const mapped = (changes: Partial<InvoiceGiven> = {}) => saleRequest(invoice(shop, changes), settings);

const cents = (value: unknown) => Math.round(Number(value) * 100);
const twoDecimals = (value: unknown) => /^\d+(\.\d{1,2})?$/.test(JSON.stringify(value));

/** Quantities and prices as tills have them, with up to six decimals, and a discount of any size. */
const line = fc
  .record({
    quantity: fc.oneof(
      fc.integer({ min: 1, max: 999 }).map(String),
      fc.integer({ min: 1, max: 9_999_999 }).map(places(3)),
    ),
    unitPrice: fc.oneof(
      fc.integer({ min: 0, max: 9_999_999 }).map(places(2)),
      fc.integer({ min: 0, max: 99_999_999 }).map(places(6)),
    ),
    off: fc.integer({ min: 0, max: 100 }),
    more: fc.constantFrom(0, 0, 0, 1, 777),
    taxTyCd: fc.constantFrom(...TAX_TYPES),
  })
  .map(({ quantity, unitPrice, off, more, taxTyCd }) => {
    const gross = lineAmountMinor(quantity, unitPrice, "KES");
    return { quantity, unitPrice, taxTyCd, amountMinor: gross - Math.floor((gross * off) / 100) + more };
  });

function places(count: number) {
  return (scaled: number) => {
    const text = String(scaled).padStart(count + 1, "0");
    return `${text.slice(0, -count)}.${text.slice(-count)}`;
  };
}

describe("any order", () => {
  it("is declared with sums that agree to the cent, and the service takes it and its credit note", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (drawn) => {
        const at = Shop.ready();
        const lines = drawn.map(
          ({ taxTyCd, ...rest }, index): OrderLine => ({ id: String(index), item: taxTyCd, ...rest }),
        );
        const totalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
        const order = sodas({ lines, totalMinor, tenders: [{ type: "cash", amountMinor: totalMinor }] });
        const itemClass = (item: string) => ({ ...SODA, taxTyCd: item as "A" });
        const request = at.request({ order, itemClass });
        const { body } = request;
        const sum = (name: string) =>
          TAX_TYPES.reduce((all, type) => all + cents(body[`${name}${type}` as "taxAmtA"]), 0);
        expect(cents(body.totAmt)).toBe(totalMinor);
        expect(cents(body.totTaxblAmt) + cents(body.totTaxAmt)).toBe(totalMinor);
        expect([sum("taxblAmt"), sum("taxAmt")]).toEqual([cents(body.totTaxblAmt), cents(body.totTaxAmt)]);
        expect(
          body.itemList
            .flatMap((one) => Object.values(one).filter((value) => typeof value === "number"))
            .every(twoDecimals),
        ).toBe(true);
        const back: OrderLine[] = lines.map((one) => ({
          ...one,
          quantity: `-${one.quantity}`,
          amountMinor: 0 - one.amountMinor,
        }));
        const note = at.request({
          order: sodasBack({ lines: back, totalMinor: 0 - totalMinor, tenders: [] }),
          itemClass,
          original: { invcNo: 1, request, earlier: [] },
        });
        for (const item of [
          { invcNo: 1, request },
          { invcNo: 2, request: note },
        ]) {
          const reply = await at.destination.deliver(item, NEVER);
          expect([at.destination.outcomeOf(item, reply), reply]).toMatchObject([{ verdict: "accepted" }, {}]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("has its tax inside: half up, exact for every amount", () => {
    expect([withoutTax(11_600, 1600), withoutTax(10_000, 1600), withoutTax(10_000, 0)]).toEqual([10_000, 8621, 10_000]);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999_999_999_999_999 }),
        fc.integer({ min: 0, max: 10_000 }),
        (total, rate) => {
          // Within half a cent: |taxable * (1 + rate) - total| <= (1 + rate) / 2.
          const off = BigInt(withoutTax(total, rate)) * (10_000n + BigInt(rate)) - BigInt(total) * 10_000n;
          expect(2n * (off < 0n ? -off : off) <= 10_000n + BigInt(rate)).toBe(true);
        },
      ),
    );
  });
});

describe("a sale", () => {
  it("has every key, all 15 tax fields, and times of Nairobi", () => {
    const { body, trdInvcNo, totalMinor } = mapped({
      closedAtMs: Date.parse("2026-01-16T22:30:05.999Z"),
      nowMs: Date.parse("2026-02-01T00:00:00Z"),
    });
    expect({ trdInvcNo, totalMinor }).toEqual({ trdInvcNo: "STORE001-T01-20260116-00001", totalMinor: 11_600 });
    expect(Object.keys(body)).toEqual(expect.arrayContaining([...TAX_FIELDS]));
    expect(body).toMatchObject({
      salesDt: "20260117",
      cfmDt: "20260117013005",
      rcptTyCd: "S",
      orgInvcNo: 0,
      rfdDt: null,
    });
    expect(body).toMatchObject({ taxblAmtB: 100, taxRtB: 16, taxAmtB: 16, taxRtE: 8, totAmt: 116, custTin: null });
    expect(body.itemList).toMatchObject([
      { itemSeq: 1, pkg: 2, qty: 2, prc: 58, splyAmt: 116, dcAmt: 0, dcRt: 0, taxTyCd: "B" },
    ]);
  });

  it("is never in the future, whatever the till's clock says", () => {
    expect(mapped({ closedAtMs: shop.nowMs + 600_000 }).body.cfmDt).toBe(stampOf(shop.nowMs));
  });

  it("writes a discount, and a weight with three decimals so that the amount stays", () => {
    const [base] = sodas().lines;
    const one = (changes: Partial<OrderLine>) => {
      const changed = { ...base, ...changes } as OrderLine;
      return mapped({ order: sodas({ lines: [changed], totalMinor: changed.amountMinor }) }).body.itemList[0];
    };
    expect(one({ amountMinor: 11_000, discountMinor: 600 })).toMatchObject({
      splyAmt: 116,
      dcAmt: 6,
      dcRt: 5.17,
      totAmt: 110,
    });
    expect(one({ quantity: "0.374", unitPrice: "100.00", amountMinor: 3740 })).toMatchObject({
      qty: 0.37,
      prc: 101.09,
      dcAmt: 0,
      totAmt: 37.4,
    });
  });

  it("names the buyer it has, or who stands for nobody", () => {
    expect(mapped({ buyer: { pin: "P051234567X", name: "Duka Ltd" } }).body).toMatchObject({
      custTin: "P051234567X",
      custNm: "Duka Ltd",
    });
    const walkIn = saleRequest(invoice(shop), testSettings("vscu", { walkIn: "A000000000D" }));
    expect(walkIn.body).toMatchObject({ custTin: "A000000000D", custNm: "CASH", receipt: { rptNo: 0 } });
  });

  it("clips names without cutting a character in two", () => {
    const name = `${"a".repeat(59)}\u{1F600}`;
    expect(mapped({ cashier: { id: "7", name } }).body).toMatchObject({ regrId: "7", regrNm: "a".repeat(59) });
  });

  it.each([
    [
      "cash",
      [
        ["cash", 20_000],
        ["cash", -8400],
      ],
      "01",
    ],
    ["M-Pesa", [["mpesa", 11_600]], "06"],
    [
      "cash and credit",
      [
        ["cash", 1600],
        ["credit", 10_000],
      ],
      "03",
    ],
    [
      "card, and some cash",
      [
        ["card", 10_000],
        ["cash", 1600],
      ],
      "05",
    ],
    ["what KRA has no name for", [["constructor", 11_600]], "07"],
    ["nothing", [], "07"],
  ] as const)("is paid by %s", (_what, tenders, code) => {
    expect(
      paymentType(
        tenders.map(([type, amountMinor]) => ({ type, amountMinor })),
        false,
      ),
    ).toBe(code);
    expect(
      paymentType(
        tenders.map(([type, amountMinor]) => ({ type, amountMinor: -amountMinor })),
        true,
      ),
    ).toBe(code);
  });
});

describe("what cannot be declared names the field, before a number is used", () => {
  const [base] = sodas().lines;
  const withLine = (changes: Partial<OrderLine>) => ({
    order: sodas({ lines: [{ ...base, ...changes } as OrderLine] }),
  });
  const original = () => ({ invcNo: 1, request: mapped(), earlier: [] });

  it.each<[string, () => Partial<InvoiceGiven>]>([
    ["lines[0].item", () => ({ itemClass: () => undefined })],
    ["lines[0].item", () => ({ itemClass: () => ({ ...SODA, itemCd: "soda" }) })],
    ["lines[0].item.pkgUnitCd", () => ({ itemClass: () => ({ ...SODA, pkgUnitCd: "ZZ" }) })],
    ["lines[0].item.qtyUnitCd", () => ({ itemClass: () => ({ ...SODA, qtyUnitCd: "ZZ" }) })],
    ["lines[0].amountMinor", () => withLine({ amountMinor: -1 })],
    ["lines[0].quantity", () => withLine({ quantity: "0" })],
    ["lines[0].quantity", () => withLine({ quantity: "-1" })],
    ["lines[0].unitPrice", () => withLine({ unitPrice: "-1" })],
    ["lines[0].taxRate", () => withLine({ taxRate: "14" })],
    ["lines", () => ({ order: sodas({ lines: [] }) })],
    ["currency", () => ({ order: sodas({ currency: "UGX" }) })],
    ["totalMinor", () => ({ order: sodas({ totalMinor: 1 }) })],
    ["receiptNumber", () => ({ order: sodas({ receiptNumber: "9".repeat(50) }) })],
    [
      "taxes[0].included",
      () => ({ order: sodas({ taxes: [{ code: "B", rate: "16", baseMinor: 100, taxMinor: 16, included: false }] }) }),
    ],
    ["buyer.pin", () => ({ buyer: { pin: "P05123456" } })],
    ["original", () => ({ order: sodasBack() })],
    ["totalMinor", () => ({ order: sodasBack(), original: { ...original(), earlier: [mapped()] } })],
    [
      "lines[0].quantity",
      () => ({
        order: sodasBack({
          lines: [{ ...base, quantity: "-3", unitPrice: "1", amountMinor: -300 } as OrderLine],
          totalMinor: -300,
        }),
        original: original(),
      }),
    ],
  ])("%s", (field, changes) => {
    const given = changes();
    expect(() => mapped(given)).toThrow(
      expect.objectContaining({ code: "INVALID_INPUT", details: expect.objectContaining({ field }) }),
    );
  });

  it("and shows no buyer's PIN", () => {
    expect(() => mapped({ buyer: { pin: "p051234567x" } })).toThrow(/^(?!.*p051234567x).*buyer\.pin/s);
  });
});

it("reads KRA's codes, and takes no list that lacks one", () => {
  const data = codeListData(shop.state.settings);
  expect(readKraCodes(data).rates).toEqual({ A: 0, B: 1600, C: 0, D: 0, E: 800 });
  expect(() => readKraCodes({})).toThrow(/tax type A/);
  expect(() => readKraCodes(data, { taxTypes: "04", quantityUnits: "10", packageUnits: "99" })).toThrow(/99/);
});
