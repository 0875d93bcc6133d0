import { expect, it } from "vitest";
import { openTill } from "./testing/till.ts";

it("gives no two events of an order one id, also when an edit repeats a thousand lines that are there", async () => {
  const till = await openTill();
  const line = (index: number) => ({ id: `l${index}`, item: "tea", quantity: "1", unitPrice: "1.00" });
  const add = Array.from({ length: 1000 }, (_, index) => line(index));
  till.terminal.editOrder({ localId: "o", add });
  till.terminal.editOrder({ localId: "o", add, notes: [{ text: "no sugar" }] });
  till.terminal.editOrder({ localId: "o", notes: [{ text: "to go" }] });
  const ids = till.terminal.order("o")?.events.map(({ id }) => id) ?? [];
  expect(ids).toHaveLength(1002);
  expect(new Set(ids).size).toBe(1002);
});
