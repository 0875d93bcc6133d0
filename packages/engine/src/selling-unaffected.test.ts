import { describe, expect, it } from "vitest";
import { sale, Till } from "./testing/till.ts";

const PROFILES = ["shift", "continuous", "live"] as const;
const SALES = 500;

describe("with a transport that never answers, recording completes (I32)", () => {
  it.each(PROFILES)(`${SALES} sales, a table, both ends of two shifts, profile %s`, (profile) => {
    const till = new Till({ profile });
    // Without even the deadline that the real transport has.
    till.centre.always = () => new Promise(() => {});
    const terminal = till.start();
    const beganMs = till.clock.monotonicMs();
    for (const operator of ["Amina", "Baraka"]) {
      terminal.openShift({ operator });
      for (let each = 0; each < SALES / 2; each++) terminal.closeOrder(sale(`${operator}-${each}`));
      terminal.editOrder({ localId: `table-${operator}`, add: [{ item: "tea", quantity: "1", unitPrice: "60.00" }] });
      terminal.payOrder({ localId: `table-${operator}`, tenders: [{ type: "cash", amountMinor: 6_000 }] });
      terminal.recordTransaction({ localId: `float-${operator}`, type: "payin", amountMinor: 50_000 });
      terminal.recordInventory({ localId: `count-${operator}`, item: "tea", delta: "-1", type: "count" });
      terminal.closeShift({});
    }
    // Nothing of it waited for anything: no timer ran, and the one exchange that was begun still hangs.
    expect(till.clock.monotonicMs()).toBe(beganMs);
    expect(till.centre.exchanges).toHaveLength(1);
    expect(terminal.status()).toMatchObject({ syncState: "Syncing", pending: SALES + 12, pendingOrders: SALES + 2 });
  });
});
