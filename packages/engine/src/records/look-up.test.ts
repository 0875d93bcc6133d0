import { canonicalText } from "@tillsync/protocol";
import { expect, it } from "vitest";
import { ModuleTill } from "../testing/module-till.ts";
import { openTill, type Till } from "../testing/till.ts";
import { lookUpIn } from "./look-up.ts";

/** A till that has pulled this, and what it finds. */
async function pulled(bring: (centre: ModuleTill["centre"]) => void) {
  const till = new ModuleTill();
  bring(till.centre);
  till.start();
  await till.settle();
  return { till, lookUp: lookUpIn({ store: till.store, clock: till.clock }, till.pulls, () => {}) };
}

const PEOPLE = [
  { id: "c-1", name: "Wanjikũ Achieng", phone: "+254 712 345 678" },
  { id: "c-2", name: "Achieng Otieno", phone: "0722 000 111" },
  { id: "c-3", name: "Wanja", customerGroup: "staff" },
];

it.each([
  [{ phone: "0712345678" }, ["c-1"]],
  [{ phone: "712-345-678" }, ["c-1"]],
  [{ phone: "345678" }, []],
  [{ phone: "" }, []],
  [{ word: "achieng" }, ["c-1", "c-2"]],
  [{ word: "OTIENO Achieng" }, ["c-2"]],
  [{ word: "712345678" }, []],
  [{ prefix: "wanj" }, ["c-1", "c-3"]],
  [{ prefix: "wanjiku" }, ["c-1"]],
])("finds customers by %j", async (question, ids) => {
  const { lookUp } = await pulled((centre) => centre.import("customers", "organization", PEOPLE));
  const found = lookUp.customers(question).map(({ id }) => id);
  expect(found.toSorted()).toEqual(ids);
});

it("finds customers as a delta made them, and no longer as they were", async () => {
  const { till, lookUp } = await pulled((centre) => centre.import("customers", "organization", PEOPLE));
  till.centre.import("customers", "organization", [{ id: "c-1", name: "Njeri", phone: "0733 333 333" }], ["c-2"]);
  till.pulls.nudge();
  await till.settle();
  const ids = (question: Parameters<typeof lookUp.customers>[0]) => lookUp.customers(question).map(({ id }) => id);
  expect([ids({ phone: "0712345678" }), ids({ word: "achieng" }), ids({ phone: "733333333" })]).toEqual([
    [],
    [],
    ["c-1"],
  ]);
});

const NOW = "2026-01-16T08:00:00.000Z";
const always = { offerType: "percent", value: "10", effectiveFrom: "2026-01-01T00:00:00.000Z" } as const;

it("gives the offers that hold for an item, a customer and a moment, the store's own in place of the organization's", async () => {
  const { lookUp } = await pulled((centre) => {
    centre.import("customers", "organization", PEOPLE);
    centre.import("offers", "organization", [
      { id: "all", name: "All", ...always },
      { id: "bread", name: "Bread", ...always, itemIds: ["bread"] },
      { id: "next", name: "Tomorrow", ...always, effectiveFrom: "2026-01-17T00:00:00.000Z" },
      { id: "over", name: "Over", ...always, effectiveTo: NOW },
      { id: "staff", name: "Staff", ...always, customerGroup: "staff" },
      { id: "two", name: "Two", ...always, customerIds: ["c-2"] },
    ]);
    centre.import("offers", "store", [{ id: "all", name: "Ours", ...always }]);
  });
  const ids = (question: Parameters<typeof lookUp.offers>[0]) =>
    lookUp.offers({ at: NOW, ...question }).map(({ row }) => row.id);
  expect(ids({})).toEqual(["all", "bread"]);
  expect(ids({ itemId: "milk" })).toEqual(["all"]);
  expect(ids({ itemId: "milk", at: "2026-01-17T00:00:00.000Z" })).toEqual(["all", "next"]);
  expect(ids({ itemId: "bread", customerId: "c-3" })).toEqual(["all", "bread", "staff"]);
  expect(ids({ itemId: "milk", customerId: "c-2" })).toEqual(["all", "two"]);
  expect(lookUp.offers({ at: NOW })[0]).toMatchObject({ scope: "store", row: { name: "Ours" } });
  expect(() => lookUp.offers({ at: "soon" })).toThrow("at");
});

it("gives users and settings, one or all of them", async () => {
  const { lookUp } = await pulled((centre) => {
    centre.import("users", "organization", [{ id: "amina", name: "Amina", role: "cashier" }]);
    centre.import("settings", "organization", [{ id: "footer", value: "Thanks" }]);
    centre.import("settings", "store", [
      { id: "footer", value: "Asante" },
      { id: "tips", value: true },
    ]);
  });
  expect(lookUp.users()).toMatchObject([{ scope: "organization", row: { name: "Amina" } }]);
  expect(lookUp.user("amina")?.row.role).toBe("cashier");
  expect(lookUp.user("nobody")).toBeUndefined();
  expect(lookUp.settings().map(({ scope, row }) => [scope, row.id])).toEqual([
    ["store", "footer"],
    ["store", "tips"],
  ]);
  expect(lookUp.setting("footer")?.row.value).toBe("Asante");
});

/** What head office's module says of a customer, as a pull brings it. */
function copy(till: Till, fields: object): void {
  till.tamper("INSERT INTO module_copy (module, scope, base, n) VALUES ('customers', 'organization', 1, 1)");
  till.tamper(
    "INSERT INTO module_row (generation, id, row) VALUES (1, 'c-1', ?)",
    canonicalText({ id: "c-1", ...fields }),
  );
}

it("finds a customer by what this till has just written, and writes nothing to look", async () => {
  const till = await openTill();
  copy(till, { name: "Ann", phone: "0711 111 111" });
  const { lookUp } = till.terminal;
  till.terminal.editCustomer({ id: "c-1", set: { phone: "0722 222 222" } });
  till.terminal.editCustomer({ id: "c-9", set: { name: "Bea", phone: "0733333333" } });
  expect(lookUp.customers({ phone: "0722222222" }).map(({ id }) => id)).toEqual(["c-1"]);
  expect(lookUp.customers({ phone: "0711111111" })).toEqual([]);
  expect(lookUp.customers({ word: "bea" })).toMatchObject([{ id: "c-9", pending: 1 }]);
  const before = till.store.read.get("SELECT total_changes() AS n");
  expect(lookUp.customer("c-1")?.fields.phone).toBe("0722 222 222");
  expect(till.store.read.get("SELECT total_changes() AS n")).toEqual(before);
});
