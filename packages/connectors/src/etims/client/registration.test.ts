import { describe, expect, it } from "vitest";
import { registrationOutcome } from "./outcomes.ts";
import type { EtimsOperation } from "./paths.ts";
import { expectedSequenceIn, itemBody, itemCode, movedBy, stockBody, stockMoveBody } from "./registration.ts";
import { NEVER, Shop, SODA, sodasBack } from "./testing/shop.ts";

const writer = { id: "7", name: "Achieng" };
const soda = { ...SODA, name: "Soda 500 ml" };
const service = { ...soda, itemCd: "KE3BXNO0000002" };
const move = { sarNo: 1, kind: "purchase", occurredAtMs: 0, lines: [{ item: soda, quantity: "5" }] } as const;

async function told(shop: Shop, operation: EtimsOperation, body: object) {
  return registrationOutcome(await shop.unit.call(operation, body, NEVER));
}

describe("where goods have to be in stock", () => {
  it("a sale goes through after item, movement and stock, and moves the stock itself", async () => {
    const shop = Shop.ready("oscu-gateway", { stockOrder: "enforced" });
    const item = shop.item(1);
    const sell = async () => shop.destination.outcomeOf(item, await shop.destination.deliver(item, NEVER)).verdict;
    expect(await sell()).toBe("parked");
    for (const [operation, body] of [
      ["saveItem", itemBody(soda, writer)],
      ["saveItem", itemBody(service, writer)],
      ["moveStock", stockMoveBody(move, writer)],
      ["saveStock", stockBody(soda.itemCd, "5", writer)],
    ] as const)
      expect(await told(shop, operation, body)).toEqual({ verdict: "accepted" });
    expect(await sell()).toBe("accepted");
    const { kind, quantities } = movedBy(item.request);
    const lines = [...quantities].map(([, quantity]) => ({ item: soda, quantity }));
    expect({ kind, lines }).toEqual({ kind: "sale", lines: [{ item: soda, quantity: "2" }] });
    expect(await told(shop, "moveStock", stockMoveBody({ ...move, sarNo: 2, kind, lines }, writer))).toEqual({
      verdict: "accepted",
    });
    expect(await told(shop, "saveStock", stockBody(soda.itemCd, "3", writer))).toEqual({ verdict: "accepted" });
  });

  it("says which number of a sequence is expected, and what is there already", async () => {
    const shop = Shop.ready();
    const second = await told(shop, "saveItem", itemBody({ ...soda, itemCd: "KE2BXNO0000009" }, writer));
    expect(second).toMatchObject({ verdict: "parked" });
    expect(expectedSequenceIn("message" in second ? second.message : "")).toBe(1);
    await told(shop, "saveItem", itemBody(soda, writer));
    expect(await told(shop, "saveItem", itemBody(soda, writer))).toMatchObject({ verdict: "duplicate", code: "994" });
    const late = await told(shop, "moveStock", stockMoveBody({ ...move, sarNo: 5 }, writer));
    expect(expectedSequenceIn("message" in late ? late.message : "")).toBe(1);
    expect(expectedSequenceIn("rsdQty mismatch. Expected: 0.0 but found: 150")).toBeUndefined();
  });
});

it("counts no service among the goods, and what comes back as a return", () => {
  const shop = new Shop();
  const itemClass = () => service;
  const request = shop.request({ itemClass });
  expect(movedBy(request).quantities.size).toBe(0);
  const original = { invcNo: 1, request: shop.request(), earlier: [] };
  expect(movedBy(shop.request({ order: sodasBack(), original }))).toMatchObject({ kind: "return" });
});

it("writes item codes", () => {
  const code = { country: "KE", type: "2", pkgUnitCd: "NT", qtyUnitCd: "BA", sequence: 12 } as const;
  expect([itemCode(code), itemCode(code, "8")]).toEqual(["KE2NTBA0000012", "KE2NTBA00000012"]);
  for (const [field, wrong] of [
    ["qtyUnitCd", { qtyUnitCd: "U" }],
    ["pkgUnitCd", { pkgUnitCd: "CTN" }],
    ["sequence", { sequence: 10_000_000 }],
  ] as const)
    expect(() => itemCode({ ...code, ...wrong })).toThrow(new RegExp(`^${field} `));
  expect(() => itemBody({ ...soda, pkgUnitCd: "BG" }, writer)).toThrow(/pkgUnitCd/);
  expect(() => stockBody("KE2BXNO0000001", "-1", writer)).toThrow(/left/);
});
