import { describe, expect, it } from "vitest";
import { initialise } from "./initialisation.ts";
import { ETIMS_MODES } from "./paths.ts";
import { memorySecrets, NEVER, Shop } from "./testing/shop.ts";

const begin = (shop: Shop) => initialise(shop.unit, shop.secrets, NEVER);

describe.each(ETIMS_MODES)("initialisation, %s", (mode) => {
  it("keeps the key, shows it to nobody, and asks KRA once", async () => {
    const shop = new Shop(mode);
    const first = await begin(shop);
    const device = shop.state.devices.find(({ kind }) => (kind === "VSCU") === (mode === "vscu"));
    expect(first).toMatchObject({ verdict: "initialised", sdcId: device?.sdcId, taxpayer: "TILLSYNC SIMULATED SHOP" });
    expect(JSON.stringify(first)).not.toContain(device?.cmcKey);
    expect(shop.secrets.kept.get("device")).toContain(device?.cmcKey);
    const calls = shop.calls.length;
    expect(await begin(shop)).toEqual({ verdict: "already", sdcId: device?.sdcId });
    expect(shop.calls).toHaveLength(calls);
    const item = shop.item(1);
    expect(shop.destination.outcomeOf(item, await shop.destination.deliver(item, NEVER))).toEqual({
      verdict: "accepted",
    });
  });

  it("says that the key was given before", async () => {
    const shop = new Shop(mode);
    await begin(shop);
    shop.secrets.kept.delete("device");
    expect(await begin(shop)).toMatchObject({ verdict: "key-given-before" });
  });

  it("does not ask again by itself when the answer was lost", async () => {
    const shop = new Shop(mode);
    shop.fault("drop", { on: "initialise" });
    expect(await begin(shop)).toMatchObject({ verdict: "unknown", code: "CUT_OFF" });
    expect(await begin(shop)).toMatchObject({ verdict: "key-given-before" });
  });

  it("names what KRA refuses, and an absent link", async () => {
    const shop = new Shop(mode, {}, { dvcSrlNo: "NOBODYS" });
    expect(await begin(shop)).toMatchObject({ verdict: "refused", code: "901" });
    shop.isLinked = false;
    expect(await begin(shop)).toMatchObject({ verdict: "retry", code: "UNREACHABLE" });
  });
});

it("asks for no key that it has no place for, and says when a place was lost", async () => {
  const shop = new Shop();
  const full = { ...memorySecrets(), write: () => Promise.reject(new Error("full")) };
  await expect(initialise(shop.unit, full, NEVER)).rejects.toThrow("full");
  expect(shop.calls).toEqual([]);
  const later = { ...full, write: (name: string) => (name === "trial" ? Promise.resolve() : full.write()) };
  expect(await initialise(shop.unit, later, NEVER)).toMatchObject({ verdict: "unknown", code: "KEY_NOT_STORED" });
});
