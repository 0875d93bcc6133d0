import { lineAmountMinor } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { ModuleTill } from "../testing/module-till.ts";
import { refusalOf } from "../testing/refusal.ts";

const JANUARY = "2026-01-01T00:00:00.000Z";
/** The fake clock begins on 16 January at 08:00. */
const NOON = "2026-01-16T12:00:00.000Z";
const EVENING = "2026-01-16T18:00:00.000Z";

const price = (id: string, itemId: string, amount: string, over: object = {}) => ({
  ...{ id, itemId, price: amount, currency: "KES", effectiveFrom: JANUARY },
  ...over,
});

async function shop(fill: (till: ModuleTill) => void = () => {}): Promise<ModuleTill> {
  const till = new ModuleTill();
  const { centre } = till;
  centre.import("taxes", "organization", [{ id: "vat", name: "VAT", rate: "16", taxCode: "B" }]);
  centre.import("items", "organization", [
    { id: "cola", name: "Soda Cola 500 ml", taxId: "vat", unitOfMeasure: "H87" },
    { id: "brulee", name: "Crème Brûlée" },
    { id: "lemon", name: "Lemon soda" },
    { id: "odd", name: '"; DROP* NEAR(x) -AND' },
    { id: "nameless", name: "" },
  ]);
  centre.import("itemBarcodes", "organization", [
    { id: "1", itemId: "cola", barcode: "012345678905" },
    { id: "2", itemId: "cola", barcode: "5449000000996", quantity: "6" },
    { id: "3", itemId: "lemon", barcode: "ABC-1" },
    { id: "4", itemId: "not-there", barcode: "4006381333931" },
  ]);
  centre.import("prices", "organization", [price("c1", "cola", "60.00")]);
  fill(till);
  till.start();
  await till.settle();
  return till;
}

const ids = (till: ModuleTill, question: Parameters<ModuleTill["items"]["find"]>[0]) =>
  till.items.find(question).map(({ id }) => id);

describe("looking an item up", () => {
  it("finds it by every form of its barcode, and by one that is no GTIN as it was scanned", async () => {
    const till = await shop();
    for (const barcode of ["012345678905", "0012345678905", "00012345678905"])
      expect(ids(till, { barcode }), barcode).toEqual(["cola"]);
    expect(ids(till, { barcode: "ABC-1" })).toEqual(["lemon"]);
    expect(ids(till, { barcode: "012345678906" })).toEqual([]);
    expect(ids(till, { barcode: "4006381333931" })).toEqual([]);
  });

  it("finds it by id, by the beginning of its name, and by words in any order, whatever case and accents", async () => {
    const till = await shop();
    expect(ids(till, { id: "cola" })).toEqual(["cola"]);
    expect(ids(till, { prefix: "CREME BR" })).toEqual(["brulee"]);
    expect(ids(till, { prefix: "so" })).toEqual(["cola"]);
    expect(ids(till, { word: "SODA" }).sort()).toEqual(["cola", "lemon"]);
    expect(ids(till, { word: "cola soda" })).toEqual(["cola"]);
    expect(ids(till, { word: "brulee" })).toEqual(["brulee"]);
    expect(ids(till, { word: "so" })).toEqual([]);
  });

  it("takes nothing in a search for words of the index's own", async () => {
    const till = await shop();
    for (const word of ['"', "NEAR(soda cola)", "soda* OR cola", "-soda", "words:soda", "()"])
      expect(() => till.items.find({ word }), word).not.toThrow();
    expect(ids(till, { word: 'drop" near' })).toEqual(["odd"]);
  });

  it("gives no more than asked for", async () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ id: `m${index}`, name: `Many ${index}` }));
    const till = await shop(({ centre }) => centre.import("items", "organization", many));
    expect(ids(till, { word: "many" })).toHaveLength(20);
    expect(ids(till, { prefix: "many", limit: 7 })).toHaveLength(7);
  });
});

describe("a store's own row", () => {
  it("hides the organization's wherever it is looked for, until it is deleted", async () => {
    const till = await shop(({ centre }) => centre.import("items", "store", [{ id: "cola", name: "Our lemonade" }]));
    expect(till.items.find({ id: "cola" })[0]).toMatchObject({ name: "Our lemonade", scope: "store" });
    expect(ids(till, { prefix: "soda" })).toEqual([]);
    expect(ids(till, { word: "soda" })).toEqual(["lemon"]);
    expect(ids(till, { word: "lemonade" })).toEqual(["cola"]);
    expect(till.items.find({ barcode: "012345678905" })[0]?.name).toBe("Our lemonade");
    till.centre.import("items", "store", [], ["cola"]);
    till.pulls.nudge();
    await till.settle();
    expect(ids(till, { word: "cola" })).toEqual(["cola"]);
    expect(ids(till, { word: "lemonade" })).toEqual([]);
  });

  it("counts before the organization's price, even a later one", async () => {
    const till = await shop(({ centre }) => {
      centre.import("prices", "store", [price("ours", "cola", "55.00")]);
      centre.import("prices", "organization", [
        price("c2", "cola", "70.00", { effectiveFrom: "2026-01-10T00:00:00.000Z" }),
      ]);
    });
    const [cola] = till.items.find({ id: "cola" });
    expect(cola?.price).toMatchObject({ unitPrice: "55.00", priceVersion: "prices.store@1" });
  });
});

describe("a price", () => {
  it("of the future takes over by itself while the link is down", async () => {
    const till = await shop(({ centre }) =>
      centre.import("prices", "organization", [price("c2", "cola", "65.00", { effectiveFrom: NOON })]),
    );
    expect(till.items.find({ id: "cola" })[0]).toMatchObject({ price: { unitPrice: "60.00" }, priceChangesAt: NOON });
    till.centre.treat = () => new Promise(() => {});
    await till.clock.advance(4 * 3_600_000 - 10_000);
    expect(till.items.lineFor("cola").unitPrice).toBe("60.00");
    await till.clock.advance(10_000);
    expect(till.items.lineFor("cola")).toMatchObject({ unitPrice: "65.00", priceVersion: "prices@2" });
    expect(till.items.find({ id: "cola", at: "2026-01-16T09:00:00.000Z" })[0]?.price?.unitPrice).toBe("60.00");
  });

  it("ends when it says so, and the one before it holds again", async () => {
    const promotion = { effectiveFrom: "2026-01-16T00:00:00.000Z", effectiveTo: NOON };
    const till = await shop(({ centre }) =>
      centre.import("prices", "organization", [price("p", "cola", "49.00", promotion)]),
    );
    expect(till.items.lineFor("cola").unitPrice).toBe("49.00");
    expect(till.items.find({ id: "cola", at: NOON })[0]?.price?.unitPrice).toBe("60.00");
  });

  it("of a step holds from its quantity on, for returns as well, and a list's only when it is named", async () => {
    const till = await shop(({ centre }) =>
      centre.import("prices", "organization", [
        price("s", "cola", "50.00", { minimumQuantity: "10" }),
        price("w", "cola", "40.00", { priceList: "wholesale" }),
        price("u", "cola", "0.40", { currency: "USD" }),
      ]),
    );
    const of = (quantity: string, priceList?: string) => till.items.lineFor("cola", quantity, { priceList }).unitPrice;
    expect([of("9.999"), of("10"), of("-12"), of("1", "wholesale")]).toEqual(["60.00", "50.00", "50.00", "40.00"]);
    expect(refusalOf(() => of("1", "staff")).code).toBe("NO_PRICE");
  });
});

describe("a line for a barcode", () => {
  it("has item, name, unit, tax, price and the version of its list", async () => {
    const till = await shop();
    const line = till.items.lineFor("012345678905", "2");
    expect(line).toEqual({
      ...{ item: "cola", description: "Soda Cola 500 ml", quantity: "2", unitPrice: "60.00" },
      ...{ taxCode: "B", taxRate: "16", unit: "H87", priceVersion: "prices@1" },
    });
    expect(lineAmountMinor(line.quantity, line.unitPrice, "KES")).toBe(12_000);
  });

  it("counts the pieces in a package", async () => {
    const till = await shop();
    expect(till.items.lineFor("5449000000996", "-2").quantity).toBe("-12");
  });

  it("is refused for what nobody sells, what has no price, and no quantity", async () => {
    const till = await shop();
    expect(refusalOf(() => till.items.lineFor("4006381333931")).code).toBe("NOT_FOUND");
    expect(refusalOf(() => till.items.lineFor("lemon")).code).toBe("NO_PRICE");
    expect(refusalOf(() => till.items.lineFor("cola", "two")).details).toMatchObject({ field: "quantity" });
  });
});

describe("a tax rate of tomorrow", () => {
  const TAXES = [
    { id: "vat", name: "VAT", rate: "16", taxCode: "B" },
    // For a while, as in 2020; then the rate that replaces this one, not the one before.
    {
      id: "vat-low",
      name: "VAT",
      rate: "14",
      taxCode: "B",
      replaces: "vat",
      effectiveFrom: NOON,
      effectiveTo: EVENING,
    },
    { id: "vat-new", name: "VAT", rate: "18", taxCode: "E", replaces: "vat-low", effectiveFrom: EVENING },
  ];
  const used = (till: ModuleTill, at?: string) => {
    const { taxCode, taxRate } = till.items.lineFor("cola", "1", at === undefined ? {} : { at });
    return [taxCode, taxRate];
  };

  it("takes over by itself, without a link, and the line says which rate it was made with", async () => {
    const till = await shop(({ centre }) => centre.import("taxes", "organization", TAXES));
    expect(used(till)).toEqual(["B", "16"]);
    await till.clock.advance(4 * 3_600_000 - 10_000);
    expect(used(till)).toEqual(["B", "16"]);
    await till.clock.advance(10_000);
    expect(used(till)).toEqual(["B", "14"]);
    expect(used(till, EVENING)).toEqual(["E", "18"]);
    expect(till.items.find({ id: "cola" })[0]?.tax).toMatchObject({ id: "vat-low" });
  });

  it("ends when it says, and the one before holds again", async () => {
    const till = await shop(({ centre }) => centre.import("taxes", "organization", TAXES.slice(0, 2)));
    expect(used(till, EVENING)).toEqual(["B", "16"]);
  });

  it("is followed once round where rows replace each other, and one that has ended stands where no other does", async () => {
    const ended = { name: "VAT", effectiveFrom: JANUARY, effectiveTo: NOON };
    const ring = [
      { ...ended, id: "vat", rate: "16", replaces: "vat-2" },
      { ...ended, id: "vat-2", rate: "8", replaces: "vat" },
    ];
    const till = await shop(({ centre }) => centre.import("taxes", "organization", ring));
    expect(used(till, EVENING)).toEqual(["vat", "16"]);
  });
});
