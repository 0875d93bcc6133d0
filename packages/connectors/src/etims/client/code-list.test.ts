import { expect, it } from "vitest";
import { askKraCodes } from "./code-list.ts";
import { ETIMS_MODES } from "./paths.ts";
import { NEVER, Shop } from "./testing/shop.ts";

it.each(ETIMS_MODES)("%s: rates and units come from KRA's list", async (mode) => {
  const shop = Shop.ready(mode);
  expect(await askKraCodes(shop.unit, shop.nowMs, NEVER)).toEqual(shop.codes);
  shop.fault("html", { on: "codes" });
  expect(await askKraCodes(shop.unit, shop.nowMs, NEVER)).toMatchObject({ kind: "answer", status: 403 });
});

it("reaches back as far as it may", async () => {
  const week = Shop.ready("oscu-direct", { lookUpWindowDays: 7 }, { lookBackDays: 6 });
  expect(await askKraCodes(week.unit, week.nowMs, NEVER)).toEqual(week.codes);
  const all = Shop.ready("oscu-direct", { lookUpWindowDays: 7 });
  expect(await askKraCodes(all.unit, all.nowMs, NEVER)).toMatchObject({ text: expect.stringContaining("lastReqDt") });
});
