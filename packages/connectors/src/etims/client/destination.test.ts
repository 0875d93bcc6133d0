import type { Found, Outcome } from "@tillsync/lanes";
import { describe, expect, it } from "vitest";
import { takeForeignNumber } from "../simulator/other-system.ts";
import type { EtimsItem } from "./item.ts";
import { ETIMS_MODES } from "./paths.ts";
import { signatureIn } from "./signature.ts";
import { NEVER, Shop, sodasBack } from "./testing/shop.ts";

async function delivered(shop: Shop, item: EtimsItem): Promise<Outcome> {
  return shop.destination.outcomeOf(item, await shop.destination.deliver(item, NEVER));
}

async function lookedUp(shop: Shop, item: EtimsItem): Promise<Found> {
  return shop.destination.foundOf(item, await shop.destination.lookUp(item, NEVER));
}

describe.each(ETIMS_MODES)("%s", (mode) => {
  it("declares a sale and its credit note, and finds both again", async () => {
    const shop = Shop.ready(mode);
    const sale = shop.item(1);
    expect(await delivered(shop, sale)).toEqual({ verdict: "accepted" });
    const note = shop.item(2, { order: sodasBack(), original: { invcNo: 1, request: sale.request, earlier: [] } });
    expect(await delivered(shop, note)).toEqual({ verdict: "accepted" });
    expect(shop.state.invoices.map(({ rcptTyCd, orgInvcNo }) => [rcptTyCd, orgInvcNo])).toEqual([
      ["S", 0],
      ["R", 1],
    ]);
    for (const item of [sale, note]) expect(await lookedUp(shop, item)).toEqual({ verdict: "there" });
  });

  it("does not know what became of a sale whose answer was lost, and finds out", async () => {
    const shop = Shop.ready(mode);
    const item = shop.item(1);
    shop.fault("drop", { carriedOut: false });
    expect(await delivered(shop, item)).toMatchObject({ verdict: "unknown" });
    expect(await lookedUp(shop, item)).toEqual({ verdict: "absent" });
    shop.fault("hang");
    expect(await delivered(shop, item)).toMatchObject({ verdict: "unknown", code: "TIMED_OUT" });
    const found = await shop.destination.lookUp(item, NEVER);
    expect(shop.destination.foundOf(item, found)).toEqual({ verdict: "there" });
    const { rcptSign } = shop.state.invoices[0] ?? {};
    expect(found.kind === "answer" && signatureIn(found.text)).toMatchObject({ rcptSign, signedAt: "20260116120000" });
  });

  it("adopts a duplicate that is ours", async () => {
    const shop = Shop.ready(mode);
    const item = shop.item(1);
    await delivered(shop, item);
    expect(await delivered(shop, item)).toMatchObject({ verdict: "duplicate" });
    expect(await lookedUp(shop, item)).toEqual({ verdict: "there" });
    expect(shop.state.invoices).toHaveLength(1);
  });

  it("never takes another's invoice under its number for its own", async () => {
    const shop = Shop.ready(mode);
    takeForeignNumber(shop.state, {}, shop.nowMs);
    const item = shop.item(1);
    expect(await delivered(shop, item)).toMatchObject({ verdict: "duplicate" });
    expect(await lookedUp(shop, item)).toMatchObject({ verdict: "parked", code: "NUMBER_TAKEN" });
  });

  it("parks our name with other contents", async () => {
    const shop = Shop.ready(mode);
    const item = shop.item(1);
    await delivered(shop, item);
    const other = { ...item, request: { ...item.request, totalMinor: item.request.totalMinor + 1 } };
    expect(await lookedUp(shop, other)).toMatchObject({ verdict: "parked", code: "DIFFERS" });
  });

  it.each(["html", "empty", "truncated", "status", "huge", "maintenance", "hang", "drop"])(
    "does not take the %s of an outage for absence, nor for a refusal",
    async (kind) => {
      const shop = Shop.ready(mode);
      const item = shop.item(1);
      shop.fault(kind);
      expect(await delivered(shop, item)).toMatchObject({ verdict: "unknown" });
      shop.fault(kind, { on: "invoice" });
      expect(await lookedUp(shop, item)).toMatchObject({ verdict: "unknown" });
      expect(await lookedUp(shop, item)).toEqual({ verdict: "there" });
    },
  );

  it.each(["strayKeys", "numbersAsStrings"])("reads an answer with %s", async (kind) => {
    const shop = Shop.ready(mode);
    const item = shop.item(1);
    shop.fault(kind);
    expect(await delivered(shop, item)).toEqual({ verdict: "accepted" });
    shop.fault(kind, { on: "invoice" });
    expect(await lookedUp(shop, item)).toEqual({ verdict: "there" });
  });

  it("sends again what cannot have arrived", async () => {
    const shop = Shop.ready(mode);
    shop.isLinked = false;
    expect(await delivered(shop, shop.item(1))).toMatchObject({ verdict: "retry", code: "UNREACHABLE" });
    expect(await lookedUp(shop, shop.item(1))).toMatchObject({ verdict: "unknown" });
  });

  it("keeps everything back while KRA does not know the device", async () => {
    const shop = Shop.ready(mode);
    for (const device of shop.state.devices) device.cmcKey = null;
    expect(await delivered(shop, shop.item(1))).toMatchObject({ verdict: "retry", code: "901", blocksLane: true });
    expect(await lookedUp(shop, shop.item(1))).toMatchObject({ verdict: "unknown", code: "901" });
  });

  it("parks a sale that is refused for what it is, and its number stays free", async () => {
    const shop = Shop.ready(mode);
    const { request } = shop.item(1);
    const wrong = { invcNo: 1, request: { ...request, body: { ...request.body, totAmt: 117 } } };
    expect(await delivered(shop, wrong)).toMatchObject({ verdict: "parked" });
    expect(await delivered(shop, shop.item(1))).toEqual({ verdict: "accepted" });
  });

  it("waits after too many look-ups", async () => {
    const shop = Shop.ready(mode, { lookUpsPerMinute: 1 });
    await lookedUp(shop, shop.item(1));
    expect(await lookedUp(shop, shop.item(1))).toMatchObject({ verdict: "unknown", code: "990", retryAfterMs: 60_000 });
  });
});

it("renews a token that has ended, and says when none is given", async () => {
  const shop = Shop.ready("oscu-gateway");
  await delivered(shop, shop.item(1));
  shop.state.tokens = [];
  expect(await delivered(shop, shop.item(2))).toMatchObject({ verdict: "retry", code: "401" });
  expect(await delivered(shop, shop.item(2))).toEqual({ verdict: "accepted" });
  shop.nowMs += 3_600_000;
  shop.state.settings.consumerSecret = "another";
  const outcome = await delivered(shop, shop.item(3));
  expect(outcome).toMatchObject({ verdict: "retry", message: expect.stringContaining("secret is wrong") });
});

it("sends nothing without the device's keys, and shows none", async () => {
  const shop = Shop.ready();
  shop.secrets.kept.set("device", '{"cmcKey": "hidden", "sdcId": 7}');
  const outcome = await delivered(shop, shop.item(1));
  expect(outcome).toMatchObject({ verdict: "retry", message: expect.stringContaining("sdcId") });
  expect(JSON.stringify(outcome)).not.toContain("hidden");
  shop.secrets.kept.delete("device");
  expect(await delivered(shop, shop.item(1))).toMatchObject({ message: expect.stringContaining("not initialised") });
  expect(shop.calls).toEqual([]);
});

it("leaves it to a person where a VSCU cannot be asked", async () => {
  const shop = Shop.ready("vscu", { vscuLookUp: "none" }, { vscuLookUp: "none" });
  expect(await lookedUp(shop, shop.item(1))).toMatchObject({ verdict: "parked", code: "NO_LOOK_UP" });
});
