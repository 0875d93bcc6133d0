import { beforeEach, describe, expect, it } from "vitest";
import { refusalOf } from "./testing/refusal.ts";
import { stubDriver } from "./testing/stub-driver.ts";
import { openTill, sale, type Till } from "./testing/till.ts";
import type { TerminalTransaction } from "./verbs.ts";

let till: Till;

/** The POS's own table beside ours. */
async function withOwnTable(opened: Promise<Till>): Promise<Till> {
  const made = await opened;
  made.terminal.transaction(({ sql }) => sql.run("CREATE TABLE pos_sale (id TEXT PRIMARY KEY, receipt TEXT) STRICT"));
  return made;
}

const sell = (tx: TerminalTransaction, id: string) => {
  const { receiptNumber = "" } = tx.closeOrder(sale(id));
  tx.sql.run("INSERT INTO pos_sale (id, receipt) VALUES (?, ?)", id, receiptNumber);
  return receiptNumber;
};
const own = () => till.store.read.all<{ id: string }>("SELECT id FROM pos_sale ORDER BY id").map(({ id }) => id);
const recorded = () =>
  till.events.flatMap((event) => (event.type === "recorded" ? [event.recorded.localId] : [])).slice(1);

describe("a transaction of the POS", () => {
  beforeEach(async () => {
    till = await withOwnTable(openTill());
  });

  it("commits the POS's rows and ours together (I4)", () => {
    expect(till.terminal.transaction((tx) => sell(tx, "a"))).toBe("T01-20260116-00001");
    expect(own()).toEqual(["a"]);
    expect(till.terminal.order("a")?.state).toBe("closed");
  });

  it("leaves nothing of either when it throws, and tells nobody", () => {
    const events = till.events.length;
    const act = () =>
      till.terminal.transaction((tx) => {
        sell(tx, "a");
        throw new Error("the drawer is stuck");
      });
    expect(act).toThrow("the drawer is stuck");
    expect(own()).toEqual([]);
    expect(till.terminal.order("a")).toBeUndefined();
    expect(till.events).toHaveLength(events);
    expect(till.terminal.status().headSeq).toBe(1);
    expect(till.terminal.closeOrder(sale("b")).seq).toBe(2);
  });

  it("leaves nothing of either when the POS's own statement fails", () => {
    till.terminal.transaction((tx) => sell(tx, "a"));
    const act = () =>
      till.terminal.transaction((tx) => {
        tx.closeOrder(sale("b"));
        tx.sql.run("INSERT INTO pos_sale (id) VALUES ('a')");
      });
    expect(act).toThrow(/UNIQUE/);
    expect(till.terminal.order("b")).toBeUndefined();
  });

  it("chains several changes and tells of each after the commit, in order", () => {
    till.terminal.transaction((tx) => {
      sell(tx, "a");
      tx.recordInventory({ localId: "i", item: "bread", delta: "-2", type: "sale" });
      tx.editOrder({ localId: "table-4" });
      expect(recorded()).toEqual([]);
      sell(tx, "b");
    });
    expect(recorded()).toEqual(["a", "i", "table-4", "b"]);
    expect(till.terminal.status().headSeq).toBe(5);
  });

  it("sees its own changes: the same localId twice in it is one order", () => {
    till.terminal.transaction((tx) => {
      const first = tx.closeOrder(sale("a"));
      expect(tx.closeOrder(sale("a"))).toEqual({ ...first, duplicate: true });
    });
    expect(till.terminal.status().headSeq).toBe(2);
  });

  it("with only rows of the POS writes no change", () => {
    till.terminal.transaction(({ sql }) => sql.run("INSERT INTO pos_sale (id) VALUES ('x')"));
    expect(own()).toEqual(["x"]);
    expect(till.terminal.status().headSeq).toBe(1);
  });

  it("cannot hold another one, nor a verb outside of it", () => {
    till.terminal.transaction((tx) => {
      expect(() => till.terminal.transaction(() => {})).toThrow(/inside a store transaction/);
      expect(() => till.terminal.closeOrder(sale("b"))).toThrow(/inside a store transaction/);
      sell(tx, "a");
    });
    expect(own()).toEqual(["a"]);
    expect(till.terminal.closeOrder(sale("c")).receiptNumber).toBe("T01-20260116-00002");
  });

  it("refuses a function that goes on later, and its verbs do nothing then", async () => {
    let later: Promise<unknown> = Promise.resolve();
    const act = () =>
      till.terminal.transaction((tx) => {
        later = Promise.resolve().then(() => tx.closeOrder(sale("late")));
        return later;
      });
    expect(act).toThrow(/promise/);
    await expect(later).rejects.toThrow(/after its transaction has ended/);
    expect(till.terminal.order("late")).toBeUndefined();
    expect(till.terminal.closeOrder(sale("a")).seq).toBe(2);
  });
});

describe("a verb that is refused inside a transaction which goes on", () => {
  beforeEach(async () => {
    till = await withOwnTable(openTill());
  });

  /** Refused in the middle of a transaction that commits something else. */
  const refusedIn = (act: (tx: TerminalTransaction) => unknown) =>
    till.terminal.transaction((tx) => {
      const { code } = refusalOf(() => act(tx));
      tx.recordInventory({
        localId: `note-${code}-${till.terminal.status().headSeq}`,
        item: "x",
        delta: "0",
        type: "note",
      });
      return code;
    });
  const bread = { item: "bread", quantity: "1", unitPrice: "60.00" };

  it("leaves an order that was never opened openable", () => {
    const bad = { ...bread, item: "" };
    expect(refusedIn((tx) => tx.editOrder({ localId: "table-4", add: [bad] }))).toBe("INVALID_INPUT");
    expect(till.terminal.openOrders()).toEqual([]);
    till.terminal.editOrder({ localId: "table-4", add: [bread] });
    expect(till.terminal.openOrders()).toHaveLength(1);
  });

  it("leaves an open order on the list", () => {
    till.terminal.editOrder({ localId: "table-4", add: [bread] });
    expect(refusedIn((tx) => tx.voidOrder({ localId: "table-4", reason: "x".repeat(300) }))).toBe("INVALID_INPUT");
    expect(refusedIn((tx) => tx.payOrder({ localId: "table-4", tenders: [] }))).toBe("TOTALS_MISMATCH");
    expect(till.terminal.openOrders()).toHaveLength(1);
  });

  it("leaves a sale that was not taken back to be taken back", () => {
    till.terminal.closeOrder(sale("a"));
    const voiding = {
      documentType: "void" as const,
      original: { localId: "a" },
      lines: [{ ...bread, quantity: "-2" }],
    };
    const tenders = [{ type: "cash", amountMinor: -12_000 }];
    expect(refusedIn((tx) => tx.closeOrder({ ...voiding, localId: "v-1", tenders: [] }))).toBe("TOTALS_MISMATCH");
    expect(till.terminal.closeOrder({ ...voiding, localId: "v-2", tenders }).duplicate).toBe(false);
  });

  it("gives its receipt number to the next sale", () => {
    expect(refusedIn((tx) => tx.closeOrder(sale("a", { tenders: [] })))).toBe("TOTALS_MISMATCH");
    expect(till.terminal.closeOrder(sale("b")).receiptNumber).toBe("T01-20260116-00001");
  });
});

describe("a full disk", () => {
  it("refuses the sale with a code of its own, and sells on when there is space", async () => {
    let full = false;
    const open = stubDriver({
      exec: (sql, go) => {
        if (sql === "BEGIN IMMEDIATE" && full)
          throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
        go();
      },
    });
    till = await openTill({ open });
    full = true;
    expect(refusalOf(() => till.terminal.closeOrder(sale("a"))).code).toBe("STORE_FULL");
    full = false;
    expect(till.terminal.closeOrder(sale("a")).receiptNumber).toBe("T01-20260116-00001");
  });
});
