import { MODULE_ORDER } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { feedsOfKinds, modulesOfKinds } from "./kinds.ts";

it("gives tills all modules, and displays items and settings", () => {
  const modulesOf = modulesOfKinds();
  for (const kind of ["retail", "restaurant", "anything", "toString"]) expect(modulesOf(kind)).toEqual(MODULE_ORDER);
  for (const kind of ["kitchen-display", "customer-display"]) expect(modulesOf(kind)).toEqual(["items", "settings"]);
});

it("does as the operator says, in the order in which modules depend on each other", () => {
  const modulesOf = modulesOfKinds({ retail: ["prices", "itemBarcodes", "items"], "kitchen-display": ["items"] });
  expect(modulesOf("retail")).toEqual(["items", "itemBarcodes", "prices"]);
  expect(modulesOf("kitchen-display")).toEqual(["items"]);
  expect(modulesOf("customer-display")).toEqual(["items", "settings"]);
});

it("refuses at start what is no module, and a module without what it depends on", () => {
  expect(() => modulesOfKinds({ retail: ["colours"] })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  expect(() => modulesOfKinds({ retail: ["prices"] })).toThrow(/items as well, on which prices depends/);
});

it("tells a kitchen of open orders, a customer display of nothing, and everybody else of their store", () => {
  const feedOf = feedsOfKinds();
  expect(["retail", "toString", "kitchen-display", "customer-display"].map(feedOf)).toEqual([
    "store",
    "store",
    "open",
    "own",
  ]);
  expect(feedsOfKinds({ retail: "own", "kitchen-display": "store" })("retail")).toBe("own");
  expect(() => feedsOfKinds({ retail: "none" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
