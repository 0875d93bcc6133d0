import type { FeedEntry } from "@tillsync/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { openTill, sale, TERMINAL_ID, type Till } from "./testing/till.ts";

let till: Till;
let n = 0;

beforeEach(async () => {
  till = await openTill();
  n = 0;
  for (const id of ["a", "b", "c"]) till.terminal.closeOrder(sale(id));
  await till.settle();
});

function entry(over: Partial<FeedEntry>): FeedEntry {
  n += 1;
  return {
    n,
    terminal: TERMINAL_ID,
    incarnation: till.terminal.status().incarnation,
    fromSeq: 3,
    toSeq: 3,
    effect: "parked",
    code: "TOTALS_MISMATCH",
    message: "The total is 5.",
    ...over,
  };
}

/** The centre's next answer carries these feed entries. */
async function hear(...entries: FeedEntry[]): Promise<void> {
  till.centre.next.push((_request, honest) => ({ ...honest(), entries, cursor: `c${n}` }));
  await till.terminal.syncNow();
}

describe("a change that the centre holds and could not apply", () => {
  it("shows in the order, in explain and in the status; the others stay as they are", async () => {
    await hear(entry({}));
    expect(till.terminal.order("b")).toMatchObject({ orderSyncStatus: "FAILED", effect: "parked" });
    expect(till.terminal.order("a")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
    const explained = till.terminal.explain("b");
    expect(explained).toMatchObject({
      localId: "b",
      receiptNumber: "T01-20260116-00002",
      where: "At head office and on this till; head office has it parked: The total is 5.",
      changes: [{ seq: 3, durable: true, intact: true, effect: "parked", code: "TOTALS_MISMATCH" }],
    });
    expect(explained?.steps.map(({ what }) => what)).toEqual([
      "paid; written durably on this till (seq 3)",
      "stored at head office, durably",
      "parked at head office: The total is 5.",
    ]);
    expect(till.terminal.status()).toMatchObject({
      exceptions: 1,
      failedOrders: 1,
      syncedOrders: 2,
      pending: 0,
      light: "yellow",
    });
    expect(till.terminal.status().text).toBe("Everything sold is at head office. 1 at head office needs a person.");
  });

  it("is cleared when it was applied after all, and survives a restart until then", async () => {
    await hear(entry({ fromSeq: 2, toSeq: 3 }));
    await till.restart();
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ exceptions: 2, failedOrders: 2 });
    await hear(entry({ fromSeq: 1, toSeq: 2, effect: "applied" }));
    expect(till.terminal.order("a")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
    expect(till.terminal.status()).toMatchObject({ exceptions: 1, light: "yellow" });
    await hear(entry({ effect: "applied" }));
    expect(till.terminal.status()).toMatchObject({ exceptions: 0, failedOrders: 0, light: "green" });
    expect(till.terminal.explain("b")?.where).toBe("At head office and on this till, applied.");
  });

  it("has the last effect that came, in the order of the feed", async () => {
    await hear(
      entry({ effect: "pending" }),
      entry({ effect: "waiting", code: "WAITING_FOR_EARLIER", message: "It waits." }),
    );
    expect(till.terminal.explain("b")?.changes[0]).toMatchObject({ effect: "waiting", code: "WAITING_FOR_EARLIER" });
    await hear(entry({ effect: "applied" }), entry({ effect: "conflict", code: "ALREADY_CLOSED", message: "Twice." }));
    expect(till.terminal.order("b")).toMatchObject({ effect: "conflict" });
  });

  it("that is not an order counts as an exception, not as a failed order", async () => {
    await hear(entry({ fromSeq: 1, toSeq: 1 }));
    expect(till.terminal.status()).toMatchObject({ exceptions: 1, failedOrders: 0, syncedOrders: 3 });
  });

  it("of another terminal or another life is not ours", async () => {
    await hear(entry({ terminal: "0190a5da-c967-774b-8cce-000000000000" }), entry({ incarnation: "0".repeat(16) }));
    expect(till.terminal.status()).toMatchObject({ exceptions: 0, light: "green" });
  });

  it("in a range that nobody could have sent costs no more than what is there", async () => {
    await hear(entry({ fromSeq: 3, toSeq: 2 ** 50 }));
    expect(till.terminal.status().exceptions).toBe(2);
    await hear(entry({ fromSeq: 1, toSeq: 2 ** 50, effect: "applied" }));
    expect(till.terminal.status().exceptions).toBe(0);
  });
});

describe("where a document is", () => {
  it("is told before, during and after its way to head office", async () => {
    till.centre.next.push((_request, honest) => {
      expect(till.terminal.order("d")).toMatchObject({ orderSyncStatus: "PENDING", effect: null });
      return honest();
    });
    till.terminal.closeOrder(sale("d"));
    expect(till.terminal.explain("d")).toMatchObject({
      where: "On this till only, safe and waiting to be sent.",
      steps: [
        { at: "2026-01-16T08:00:00.000Z", what: "paid; written durably on this till (seq 5)" },
        { at: null, what: "waits to be sent to head office" },
      ],
    });
    await till.settle();
    expect(till.terminal.order("d")).toMatchObject({ orderSyncStatus: "SYNCED", effect: "applied" });
    expect(till.terminal.explain("d")?.where).toBe("At head office and on this till, applied.");
  });

  it("is told with the reason why it could not be sent", async () => {
    till.centre.always = () => {
      throw new Error("cable");
    };
    till.terminal.closeOrder(sale("d"));
    await till.settle();
    expect(till.terminal.explain("d")?.where).toContain("The last attempt failed");
    expect(till.terminal.status().text).toContain("1 change waits to be sent; all are safe on this till.");
  });

  it("is found by localId and by receipt number, and by nothing else", () => {
    expect(till.terminal.explain("T01-20260116-00003")?.localId).toBe("c");
    for (const key of ["T01-20260116-00009", "T02-20260116-00001", "nobody", "", "T01-20260116-00001 "]) {
      expect(till.terminal.explain(key)).toBeUndefined();
    }
    expect(till.terminal.order("nobody")).toBeUndefined();
    expect(till.terminal.order("shift-1")).toBeUndefined();
    expect(till.terminal.explain("shift-1")).toMatchObject({
      receiptNumber: null,
      changes: [{ kind: "shift.opened" }],
    });
  });

  it("tells all that happened to an order, step by step", () => {
    till.terminal.editOrder({ localId: "table-4", add: [{ item: "tea", quantity: "1", unitPrice: "30" }] });
    till.terminal.voidOrder({ localId: "table-4", reason: "guest left" });
    const explained = till.terminal.explain("table-4");
    expect(explained?.changes.map(({ kind }) => kind)).toEqual(["order.edited", "order.voided"]);
    expect(explained?.steps.map(({ what }) => what)).toContain("given up before payment (seq 6)");
  });
});
