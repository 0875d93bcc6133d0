import { expect, test } from "vitest";
import { MODULE_ORDER, MODULES, pullOrder } from "./modules.ts";

test("each module comes after what it depends on", () => {
  const order: readonly string[] = MODULE_ORDER;
  expect([...order].sort()).toEqual(Object.keys(MODULES).sort());
  for (const [name, { dependsOn }] of Object.entries(MODULES))
    for (const parent of dependsOn) expect(order.indexOf(parent)).toBeLessThan(order.indexOf(name));
});

test("a cycle is refused and named", () => {
  const modules = { a: { dependsOn: ["b"] }, b: { dependsOn: ["c"] }, c: { dependsOn: ["a"] }, d: { dependsOn: [] } };
  expect(() => pullOrder(modules)).toThrow(/a -> b -> c -> a/);
  expect(() => pullOrder({ a: { dependsOn: ["a"] } })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test("a dependency that is no module is refused", () => {
  expect(() => pullOrder({ a: { dependsOn: ["z"] } })).toThrow(/module a must depend on modules only, and z is none/);
  expect(() => pullOrder({ a: { dependsOn: ["toString"] } })).toThrow(/toString is none/);
});

test("references name modules", () => {
  for (const { references } of Object.values(MODULES))
    for (const target of Object.values(references)) expect(Object.keys(MODULES)).toContain(target);
});
