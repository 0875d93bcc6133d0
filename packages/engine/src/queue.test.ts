import { type FeedEntry, SyncError } from "@tillsync/protocol";
import { describe, expect, it } from "vitest";
import { parseQueueId, type QueueItem, queueIdOf } from "./queue-item.ts";
import { hang, unreachable } from "./testing/fake-centre.ts";
import { refusalOf } from "./testing/refusal.ts";
import { openTill, sale, TERMINAL_ID, type Till } from "./testing/till.ts";

const seqs = (items: readonly QueueItem[]) => items.map(({ seq }) => seq);

async function sell(till: Till, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) till.terminal.closeOrder(sale(`sale-${n}`));
  await till.settle();
}

/** The centre says what it made of a change. */
async function hear(till: Till, over: Partial<FeedEntry>): Promise<void> {
  const { incarnation } = till.terminal.status();
  const entry = { n: 1, terminal: TERMINAL_ID, incarnation, fromSeq: 3, toSeq: 3, ...over } as FeedEntry;
  till.centre.next.push((_request, honest) => ({ ...honest(), entries: [entry], cursor: `c${JSON.stringify(over)}` }));
  await till.terminal.syncNow();
}

const PARKED = { effect: "parked", code: "TOTALS_MISMATCH", message: "The total is 5." } as const;

describe("the queue", () => {
  it("has 002's columns for a sale that waits, with 000's shift and attempt times", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    await sell(till, 1);
    const { incarnation, lanes } = till.terminal.status();
    const [item] = till.terminal.queue({ status: "Pending" }).items;
    expect(item).toEqual({
      id: `central-${incarnation}-2`,
      queueType: "CentralSync",
      entityType: "Receipt",
      entityId: "sale-1",
      status: "Pending",
      retryCount: lanes[0]?.failures,
      maxRetries: 3,
      lastError: "The test refuses with UNREACHABLE.",
      createdAt: new Date(till.clock.wallMs()).toISOString(),
      processedAt: null,
      shiftId: "shift-1",
      lastAttemptTime: lanes[0]?.lastAttemptAt,
      nextAttemptTime: lanes[0]?.nextAttemptAt,
      kind: "order.closed",
      receiptNumber: "T01-20260116-00001",
      effect: null,
      incarnation,
      seq: 2,
    });
    expect(item?.retryCount).toBeGreaterThan(0);
  });

  it("counts no failure for what was recorded after it", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    await sell(till, 1);
    await till.clock.advance(60_000);
    till.terminal.closeOrder(sale("later"));
    expect(till.terminal.queue({ status: "Pending" }).items[1]).toMatchObject({
      entityId: "later",
      retryCount: 0,
      lastError: null,
      lastAttemptTime: null,
    });
  });

  it("calls entities as 002 does, where it has a word", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    till.terminal.closeOrder(sale("a"));
    till.terminal.editOrder({ localId: "table-4", add: [{ item: "tea", quantity: "1", unitPrice: "40.00" }] });
    till.terminal.recordTransaction({ localId: "t-1", type: "payout", amountMinor: -500, reason: "milk" });
    till.terminal.recordInventory({ localId: "i-1", item: "bread", delta: "4", type: "delivery" });
    till.terminal.closeShift({});
    const [, ...items] = till.terminal.queue().items;
    expect(items.map(({ entityType }) => entityType)).toEqual([
      "Receipt",
      "Order",
      "Transaction",
      "Inventory",
      "Shift",
    ]);
  });

  it("shows what is on its way as Processing, and nothing that was sold meanwhile", async () => {
    const till = await openTill();
    till.centre.always = hang;
    till.terminal.closeOrder(sale("a"));
    await till.settle();
    till.terminal.closeOrder(sale("b"));
    expect(seqs(till.terminal.queue({ status: "Processing" }).items)).toEqual([2]);
    expect(seqs(till.terminal.queue({ status: "Pending" }).items)).toEqual([3]);
    expect(till.terminal.queue({ status: "Processing" }).items[0]?.nextAttemptTime).toBeNull();
  });

  it("shows what the centre has as Completed, with the time of the attempt that brought it", async () => {
    const till = await openTill();
    await sell(till, 1);
    const [opened, sold] = till.terminal.queue({ status: "Completed" }).items;
    expect(opened).toMatchObject({ entityType: "Shift", seq: 1 });
    expect(sold).toMatchObject({ entityId: "sale-1", effect: "applied", retryCount: 0, lastError: null });
    expect(sold?.processedAt).toBe(new Date(till.clock.wallMs()).toISOString());
    await till.restart();
    expect(till.terminal.queue({ status: "Completed" }).items[1]).toEqual(sold);
  });

  it("shows what needs a person as Failed, and what goes on by itself as Processing", async () => {
    const till = await openTill();
    await sell(till, 3);
    await hear(till, { ...PARKED });
    await hear(till, { fromSeq: 4, toSeq: 4, effect: "waiting", code: "WAITING_FOR_EARLIER", message: "It waits." });
    const failed = till.terminal.queue({ status: "Failed" }).items;
    expect(failed).toMatchObject([{ seq: 3, status: "Failed", effect: "parked", lastError: "The total is 5." }]);
    expect(seqs(till.terminal.queue({ status: "Processing" }).items)).toEqual([4]);
    expect(seqs(till.terminal.queue({ status: "Completed" }).items)).toEqual([1, 2]);
    expect(till.terminal.queue().items.map(({ status }) => status)).toEqual([
      "Completed",
      "Completed",
      "Failed",
      "Processing",
    ]);
    expect(till.terminal.status()).toMatchObject({ failedOrders: 1, exceptions: 2, syncedOrders: 2 });
    expect(till.terminal.status().queue[0]).toMatchObject({ pending: 0, failed: 1 });
  });

  it("shows what a person gave up as Completed while it is recent, and counts it no more", async () => {
    const till = await openTill();
    await sell(till, 3);
    await hear(till, { effect: "conflict", code: "DISCARDED", message: "Given up." });
    expect(till.terminal.queue({ status: "Failed" }).items).toEqual([]);
    const done = till.terminal.queue({ status: "Completed" }).items;
    expect(done.map(({ seq, effect }) => [seq, effect])).toEqual([
      [1, "applied"],
      [2, "applied"],
      [3, "conflict"],
      [4, "applied"],
    ]);
    expect(till.terminal.status().queue[0]).toMatchObject({ failed: 0 });
    for (let n = 1; n <= 120; n++) till.terminal.closeOrder(sale(`more-${n}`));
    await till.terminal.syncNow();
    expect(till.terminal.queue().items[0]?.seq).toBeGreaterThan(3);
  });

  it("of a lane that stopped is Failed, and waits all the same", async () => {
    const till = await openTill();
    till.tamper("UPDATE lane SET halted = 1, error_code = 'FORK', error_message = 'x'");
    till.crash();
    till.start();
    await sell(till, 1);
    expect(till.terminal.queue({ status: "Failed" }).items).toMatchObject([{ seq: 2 }]);
    expect(till.terminal.queue({ status: "Pending" }).items).toEqual([]);
    expect(till.terminal.status().queue[0]).toMatchObject({ pending: 0, failed: 1 });
    expect(till.terminal.status()).toMatchObject({ pending: 1, pendingOrders: 1 });
  });

  it("is read in pages, each change once, whatever happens in between", async () => {
    const till = await openTill();
    await sell(till, 3);
    till.centre.always = unreachable;
    await sell(till, 25);
    for (const status of [undefined, "Pending"] as const) {
      const all = till.terminal.queue({ status }).items;
      const pages: QueueItem[] = [];
      let after: string | undefined;
      do {
        const page = till.terminal.queue({ status, limit: 4, after });
        expect(page.items.length).toBeLessThanOrEqual(4);
        pages.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(seqs(pages)).toEqual(seqs(all));
      expect(new Set(seqs(all)).size).toBe(all.length);
    }
    // sale-1 to sale-3 were recorded before: the same ids again write nothing.
    expect(seqs(till.terminal.queue({ status: "Pending" }).items)).toEqual(Array.from({ length: 22 }, (_, n) => n + 5));
  });

  it("shows 100 of what is done, and a page of 500 at most", async () => {
    const till = await openTill();
    for (let n = 1; n <= 150; n++) till.terminal.closeOrder(sale(`done-${n}`));
    await till.terminal.syncNow();
    till.centre.always = unreachable;
    for (let n = 1; n <= 600; n++) till.terminal.closeOrder(sale(`waits-${n}`));
    await till.settle();
    expect(till.terminal.queue({ status: "Completed" }).items.length).toBe(100);
    const { items, next } = till.terminal.queue({ status: "Pending", limit: 10_000 });
    expect(items.length).toBe(500);
    expect(till.terminal.queue({ status: "Pending", after: next ?? "" }).items.length).toBe(100);
    expect(till.terminal.queue({ status: "Pending", limit: 0 }).items.length).toBe(1);
  });

  it("of a type that has no lane yet is empty", async () => {
    const till = await openTill();
    for (const type of ["EtimsInvoice", "MpesaVerify", "CloudBackup"] as const) {
      expect(till.terminal.queue({ type })).toEqual({ items: [], next: null });
    }
    expect(till.terminal.queue({ type: "CentralSync" }).items.length).toBe(1);
    expect(till.terminal.status().queue.map(({ queueType, pending, failed }) => [queueType, pending, failed])).toEqual([
      ["CentralSync", 0, 0],
      ["EtimsInvoice", 0, 0],
      ["MpesaVerify", 0, 0],
      ["CloudBackup", 0, 0],
    ]);
  });

  it("says since when the oldest waits", async () => {
    const till = await openTill();
    expect(till.terminal.status().queue[0]?.oldestAt).toBeNull();
    till.centre.always = unreachable;
    const since = new Date(till.clock.wallMs()).toISOString();
    till.terminal.closeOrder(sale("a", { occurredAt: "2020-01-01T00:00:00.000Z" }));
    await till.clock.advance(60_000);
    till.terminal.closeOrder(sale("b"));
    expect(till.terminal.status().queue[0]?.oldestAt).toBe(since);
  });

  it("shows a change that the disk damaged, with what stands beside its bytes", async () => {
    const till = await openTill();
    till.centre.always = unreachable;
    await sell(till, 1);
    till.tamper("UPDATE journal SET body = substr(body, 5) WHERE position % 2 = 0");
    expect(till.terminal.queue({ status: "Pending" }).items[0]).toMatchObject({
      entityId: "sale-1",
      createdAt: "2026-01-16T00:00:00.000Z",
      shiftId: null,
    });
  });
});

describe("004's statistics", () => {
  it("count orders, transactions and stock movements: waiting, at head office, and not applied there", async () => {
    const till = await openTill();
    till.terminal.closeOrder(sale("a"));
    till.terminal.recordTransaction({ localId: "t-1", type: "payout", amountMinor: -500 });
    await till.terminal.syncNow();
    await hear(till, { ...PARKED });
    till.centre.always = unreachable;
    till.terminal.recordTransaction({ localId: "t-2", type: "payout", amountMinor: -500 });
    till.terminal.recordInventory({ localId: "i-1", item: "bread", delta: "4", type: "delivery" });
    const counts = {
      pendingOrders: 0,
      syncedOrders: 1,
      failedOrders: 0,
      pendingTransactions: 1,
      syncedTransactions: 0,
      failedTransactions: 1,
      pendingInventory: 1,
      syncedInventory: 0,
      failedInventory: 0,
    };
    expect(till.terminal.status()).toMatchObject(counts);
    await till.restart();
    expect(till.terminal.status()).toMatchObject(counts);
  });

  it("follow a centre that was restored to an older state, and back", async () => {
    const till = await openTill();
    await sell(till, 3);
    expect(till.terminal.status()).toMatchObject({ pendingOrders: 0, syncedOrders: 3 });
    till.centre.restore(till.terminal.status().incarnation, 2);
    till.centre.next.push(
      (_request, honest) => honest(),
      () => new Promise(() => {}),
    );
    till.terminal.closeOrder(sale("more"));
    await till.settle();
    expect(till.terminal.status()).toMatchObject({ pendingOrders: 3, syncedOrders: 1 });
  });
});

describe("the id of a queue item", () => {
  it("is read back", () => {
    const place = { queueType: "CentralSync", incarnation: "00000000000000aa", seq: 17 } as const;
    expect(parseQueueId(queueIdOf(place))).toEqual(place);
  });

  it.each(["", "17", "central-aa-1", "central-00000000000000aa-0", "central-00000000000000aa-1x", "x".repeat(5_000)])(
    "of another form is refused: %.40s",
    (id) => {
      const refusal = refusalOf(() => parseQueueId(id));
      expect(refusal).toBeInstanceOf(SyncError);
      expect(refusal).toMatchObject({ code: "INVALID_INPUT", details: { field: "id" } });
      expect(refusal.message.length).toBeLessThan(200);
    },
  );
});
