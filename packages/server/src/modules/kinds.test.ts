import { MODULE_ORDER } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { modulesOfKinds } from "./kinds.ts";

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
