import { expect, it } from "vitest";
import { urlOf } from "./paths.ts";
import { testSettings } from "./testing/shop.ts";

it.each([
  ["mode", { mode: "osdc" }],
  ["baseUrl", { baseUrl: "http://etims-api.kra.go.ke" }],
  ["baseUrl", { baseUrl: "https://key:secret@kra.go.ke" }],
  ["tin", { tin: "P05123" }],
  ["bhfId", { bhfId: "0" }],
  ["storeCode", { storeCode: "A-1" }],
  ["timeoutMs", { timeoutMs: 0 }],
  ["tokenUrl", { mode: "oscu-gateway" }],
  ["paths.sale", { paths: { sale: "saveSale" } }],
  ["(root)", { cmcKey: "secret" }],
])("names the field %s that is wrong", (field, changes) => {
  expect(() => testSettings("oscu-direct", changes)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", details: expect.objectContaining({ field }) }),
  );
});

it("fills in what was left out, and takes a VSCU in the shop's own network by http", () => {
  expect(testSettings("oscu-direct")).toMatchObject({ timeoutMs: 60_000, walkIn: "null", cmcKeyInBody: true });
  for (const host of ["127.0.0.1", "192.168.1.9", "10.0.0.1", "172.20.1.1", "vscu", "[::1]"])
    expect(testSettings("vscu", { baseUrl: `http://${host}:8088` }).timeoutMs).toBe(15_000);
});

it("finds the place of a call, with a path that was set", () => {
  const settings = testSettings("oscu-direct", { paths: { sale: "/elsewhere" } });
  expect(urlOf(settings, "sale")).toBe("https://etims-api-sbx.kra.go.ke/etims-api/elsewhere");
  expect(urlOf(settings, "saveItem")).toBe("https://etims-api-sbx.kra.go.ke/etims-api/saveItem");
});
