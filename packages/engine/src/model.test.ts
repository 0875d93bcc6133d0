import { CHAIN_START, linkHash, type OrderClosed, parseBody, parseReceiptNumber, SyncError } from "@tillsync/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, TERMINAL_ID, type Till } from "./testing/till.ts";

const ids = fc.constantFrom("a", "b", "c", "d");
const amount = fc.integer({ min: 1, max: 3 });

/** One thing that may happen to a till. */
const step = fc.oneof(
  fc.record({ do: fc.constant("sell" as const), id: ids, amount }),
  fc.record({ do: fc.constant("edit" as const), id: ids, amount }),
  fc.record({ do: fc.constant("pay" as const), id: ids, amount }),
  fc.record({ do: fc.constant("void" as const), id: ids, amount }),
  fc.record({ do: fc.constant("payout" as const), id: fc.constantFrom("t-1", "t-2", "a"), amount }),
  fc.record({ do: fc.constant("stock" as const), id: fc.constantFrom("i-1", "b"), amount }),
  fc.record({ do: fc.constant("close-shift" as const), id: ids, amount }),
  fc.record({ do: fc.constant("open-shift" as const), id: fc.constantFrom("s-1", "s-2", "s-3"), amount }),
  fc.record({ do: fc.constant("restart" as const), id: ids, amount }),
  fc.record({ do: fc.constant("crash" as const), id: ids, amount }),
  fc.record({ do: fc.constant("link-down" as const), id: ids, amount }),
  fc.record({ do: fc.constant("link-up" as const), id: ids, amount }),
  fc.record({ do: fc.constant("wait" as const), id: ids, amount }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const line = (count: number) => ({ item: "x", quantity: String(count), unitPrice: "1.00" });
const cash = (count: number) => [{ type: "cash", amountMinor: count * 100 }];

/** What each verb may answer with besides success; anything else is a bug. */
const EXPECTED = new Set([
  "SHIFT_NOT_OPEN",
  "SHIFT_ALREADY_OPEN",
  "LOCAL_ID_TAKEN",
  "ORDER_NOT_OPEN",
  "NOT_FOUND",
  "TOTALS_MISMATCH",
]);

async function take(till: Till, one: Step): Promise<void> {
  const { terminal } = till;
  const { id: localId, amount: count } = one;
  switch (one.do) {
    case "sell":
      return void terminal.closeOrder(sale(localId, { lines: [line(count)], tenders: cash(count) }));
    case "edit":
      return void terminal.editOrder({ localId, add: [line(count)] });
    case "pay":
      return void terminal.payOrder({ localId, tenders: cash(count) });
    case "void":
      return void terminal.voidOrder({ localId, reason: "guest left" });
    case "payout":
      return void terminal.recordTransaction({ localId, type: "payout", amountMinor: -count });
    case "stock":
      return void terminal.recordInventory({ localId, item: "x", delta: String(count), type: "count" });
    case "open-shift":
      return void terminal.openShift({ localId, operator: "Amina", businessDate: `2026-01-1${count}` });
    case "close-shift":
      return void terminal.closeShift({});
    case "restart":
      return void (await till.restart());
    case "crash":
      till.crash();
      return void till.start();
    case "link-down":
      till.centre.always = unreachable;
      return;
    case "link-up":
      till.centre.always = (_request, honest) => honest();
      return;
    case "wait":
      return till.clock.advance(count * 10_000);
  }
}

/** What must hold of the journal whatever happened, worked out from its rows alone. */
function checkJournal(till: Till): void {
  const rows = till.store.read.all<{ body: string; hash: string }>(
    "SELECT body, lower(hex(hash)) AS hash FROM journal ORDER BY position",
  );
  const { incarnation, headSeq } = till.terminal.status();
  expect(rows).toHaveLength(headSeq);
  let prevHash = CHAIN_START;
  const versions = new Map<string, number>();
  const receipts = new Map<string, number>();
  for (const [index, { body, hash }] of rows.entries()) {
    const change = parseBody(body);
    expect(linkHash(till.ports.sha256, { terminal: TERMINAL_ID, incarnation, seq: index + 1, prevHash, body })).toBe(
      hash,
    );
    prevHash = hash;
    expect(change.version).toBe((versions.get(change.localId) ?? 0) + 1);
    versions.set(change.localId, change.version);
    if (change.kind !== "order.closed") continue;
    const { businessDate, sequence } = parseReceiptNumber((change.payload as OrderClosed).receiptNumber);
    expect(businessDate).toBe(change.businessDate);
    expect(sequence).toBe((receipts.get(businessDate) ?? 0) + 1);
    receipts.set(businessDate, sequence);
  }
}

it("whatever is done to a till, its journal holds together and head office has the same in the end (I1, I9, I17)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const till = await openTill();
      for (const one of steps) {
        const before = till.terminal.status().headSeq;
        try {
          await take(till, one);
        } catch (error) {
          if (!(error instanceof SyncError && EXPECTED.has(error.code))) throw error;
          expect(till.terminal.status().headSeq).toBe(before);
        }
      }
      checkJournal(till);
      till.centre.always = (_request, honest) => honest();
      await till.clock.advance(6 * 60_000);
      const { incarnation, headSeq, pending } = till.terminal.status();
      const stored = till.centre.stored(incarnation).map(({ body }) => body);
      const own = till.store.read
        .all<{ body: string }>("SELECT body FROM journal ORDER BY position")
        .map(({ body }) => body);
      expect({ pending, stored }).toEqual({ pending: 0, stored: own });
      expect(stored).toHaveLength(headSeq);
      const open = till.terminal.openOrders().map(({ localId }) => localId);
      const all = ["a", "b", "c", "d"].filter((id) => till.terminal.order(id)?.state === "open");
      expect(open).toEqual(all);
      till.store.close();
    }),
    { numRuns: 60 },
  );
});
