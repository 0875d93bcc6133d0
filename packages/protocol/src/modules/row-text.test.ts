import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { acceptsOf } from "../accept.ts";
import { LIMITS } from "../limits.ts";
import { MODULES } from "./modules.ts";
import { readRow, readRowChange, rowHash, tombstoneText } from "./row-text.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("a row is its canonical text, whatever order its fields came in", () => {
  const text = '{"attributes":{"shelf":"A7"},"id":"22423","name":"Cake stand"}';
  expect(readRow("items", { name: "Cake stand", id: "22423", attributes: { shelf: "A7" } })).toEqual({
    id: "22423",
    text,
  });
});

test("the hash of a row covers its module, its scope and its text", () => {
  const text = '{"id":"VAT","name":"VAT","rate":"16"}';
  expect(rowHash(sha256, "taxes", "organization", text)).toBe(sha256(`taxes\norganization\n${text}`));
  expect(rowHash(sha256, "taxes", "store", text)).not.toBe(rowHash(sha256, "taxes", "organization", text));
});

test("a barcode gets its GTIN, and a wrong one is kept with its flag", () => {
  const right = readRow("itemBarcodes", { id: "1", itemId: "7", barcode: "036000291452" });
  expect(right.text).toBe('{"barcode":"036000291452","gtin":"00036000291452","id":"1","itemId":"7"}');
  expect(readRow("itemBarcodes", JSON.parse(right.text))).toEqual(right);
  const wrong = readRow("itemBarcodes", { id: "1", itemId: "7", barcode: "036000291453" });
  expect(wrong.text).toBe('{"barcode":"036000291453","flags":["CHECK_DIGIT"],"id":"1","itemId":"7"}');
  expect(readRow("itemBarcodes", JSON.parse(wrong.text))).toEqual(wrong);
});

test("a GTIN that is not the barcode's is refused", () => {
  const row = { id: "1", itemId: "7", barcode: "036000291452" };
  expect(() => readRow("itemBarcodes", { ...row, gtin: "00000096385074" })).toThrow(/^gtin: what barcode gives/);
  expect(() => readRow("itemBarcodes", { ...row, flags: ["LENGTH"] })).toThrow(/^flags: what barcode gives/);
});

test("a wrong row is refused with its field and what is wanted there", () => {
  const price = { id: "p", itemId: "i", price: "2.55", currency: "GBP", effectiveFrom: "2026-01-16T00:00:00.000Z" };
  expect(() => readRow("prices", { ...price, price: 2.55 })).toThrow(
    expect.objectContaining({ code: "INVALID_INPUT" }),
  );
  expect(() => readRow("prices", { ...price, price: "2,55" })).toThrow(/^price: decimal text such as/);
  expect(() => readRow("prices", { ...price, effectiveFrom: "2026-01-16" })).toThrow(/^effectiveFrom: a UTC time/);
  expect(() => readRow("prices", { ...price, colour: "red" })).toThrow(/colour/);
  expect(() => readRow("items", { id: "", name: "" })).toThrow(/^id: 1 to 128 characters/);
  expect(() => readRow("items", { id: "a\n", name: "" })).toThrow(/^id: /);
  expect(() => readRow("items", { id: "a", name: "\u0000" })).toThrow(
    /^name: text of 0 to 500 characters without U\+0000/,
  );
  expect(() => readRow("items", { id: "a", name: "\ud800" })).toThrow(/name must be text without lone surrogates/);
});

test("a row above the limit is refused, counted in bytes", () => {
  const items = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(50, "é"));
  const offer = { id: "o", name: "x", offerType: "percent", value: "5", effectiveFrom: "2026-01-16T00:00:00.000Z" };
  const bytes = Buffer.byteLength(JSON.stringify({ ...offer, itemIds: items }));
  expect(bytes).toBeGreaterThan(LIMITS.maxRowBytes);
  expect(() => readRow("offers", { ...offer, itemIds: items })).toThrow(`this one takes ${bytes}.`);
  expect(readRow("offers", { ...offer, itemIds: items.slice(0, 500) }).id).toBe("o");
});

test("a deletion is an id and nothing else", () => {
  expect(readRowChange("items", { id: "a", deleted: true })).toEqual({ id: "a", deleted: true });
  expect(readRowChange("items", JSON.parse(tombstoneText('"ü')))).toEqual({ id: '"ü', deleted: true });
  expect(() => readRowChange("items", { id: "", deleted: true })).toThrow(/^id: /);
  expect(() => readRowChange("items", { id: "a", deleted: true, name: "x" })).toThrow(/deleted/);
  expect(() => readRowChange("items", { id: "a", deleted: false })).toThrow(expect.anything());
});

test("every schema has the quick way through", () => {
  const time = "2026-01-16T00:00:00.000Z";
  const rows = {
    items: { id: "1", name: "x", attributes: { a: "b" }, isWeighed: true, status: "active" },
    itemBarcodes: { id: "1", itemId: "1", barcode: "1", flags: ["LENGTH"], quantity: "6" },
    prices: { id: "1", itemId: "1", price: "1", currency: "KES", effectiveFrom: time, effectiveTo: time },
    taxes: { id: "1", name: "x", rate: "16" },
    customers: { id: "1", name: "x", attributes: { a: "b" }, birthDate: "2000-02-29" },
    offers: { id: "1", name: "x", offerType: "price", value: "1", effectiveFrom: time, itemIds: ["1"] },
    users: { id: "1", name: "x", role: "cashier" },
    settings: { id: "1", value: 3 },
  };
  for (const [name, { schema }] of Object.entries(MODULES)) {
    const row = rows[name as keyof typeof rows];
    expect([name, acceptsOf(schema)(row)]).toEqual([name, true]);
    expect([name, acceptsOf(schema)({ ...row, other: 1 })]).toEqual([name, false]);
  }
  expect(acceptsOf(MODULES.items.schema)({ ...rows.items, attributes: { "a b": "c" } })).toBe(false);
  expect(acceptsOf(MODULES.items.schema)({ ...rows.items, attributes: { a: 1 } })).toBe(false);
});
