import { expect, it } from "vitest";
import { positionOf } from "./journal.ts";
import { QUEUE_STATUSES } from "./queue-item.ts";
import { betterSqlite, type Driver } from "./sqlite/index.ts";
import { unreachable } from "./testing/fake-centre.ts";
import { openTill, sale, type Till } from "./testing/till.ts";

/** Notes every statement that the engine prepares once it is armed, and counts what it asks of all and what it gets. */
function listening() {
  const heard = new Set<string>();
  const work = { asked: 0, rows: 0 };
  let armed = false;
  const counted = <T>(got: T): T => {
    work.asked++;
    work.rows += Array.isArray(got) ? got.length : 1;
    return got;
  };
  const open = (file: string): Driver => {
    const driver = betterSqlite(file);
    return {
      exec: (sql) => driver.exec(sql),
      close: () => driver.close(),
      prepare: (sql) => {
        if (armed) heard.add(sql);
        const statement = driver.prepare(sql);
        return {
          run: (...params) => counted(statement.run(...params)),
          get: (...params) => counted(statement.get(...params)),
          all: (...params) => counted(statement.all(...params)),
          iterate: (...params) => counted(statement.iterate(...params)),
        };
      },
    };
  };
  return { open, heard, work, arm: () => (armed = true) };
}

/** How SQLite goes about each statement that reads or moves rows. */
function plansOf(till: Till, statements: Iterable<string>): Map<string, string> {
  const plans = new Map<string, string>();
  for (const sql of [...statements]) {
    if (/^\s*(INSERT|PRAGMA)/.test(sql)) continue;
    const steps = till.store.read.all<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${sql}`,
      ...Array(sql.split("?").length - 1).fill(1),
    );
    plans.set(sql, steps.map(({ detail }) => detail).join("; "));
  }
  return plans;
}

/** Settled sales of one long business date, as a busy year of imports leaves them. */
async function withHistory(till: Till, sales: number): Promise<void> {
  till.tamper(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO journal (position, hash, kind, local_id, version, business_date, receipt_sequence, body)
     SELECT ? + i, unhex(printf('%064x', i)), 'order.closed', 'old-' || i, 1, '2026-01-16', i, ? FROM n`,
    sales,
    positionOf(1, till.terminal.status().headSeq),
    JSON.stringify({
      payload: { currency: "KES", totalMinor: 0, lines: [], tenders: [], receiptNumber: "T01-20260116-00007" },
    }),
  );
  const head = till.terminal.status().headSeq + sales;
  till.tamper("UPDATE life SET durable_through = ?, durable_hash = unhex(printf('%064x', ?))", head, sales);
  const mark = { durableThrough: head, chainHash: sales.toString(16).padStart(64, "0") };
  till.centre.always = ({ incarnation }) => ({ ...till.centre.answerOf(incarnation), ...mark });
  await till.restart();
}

/** All that a till does between two sales, and one sale. */
async function oneRound(till: Till): Promise<void> {
  await till.clock.advance(30_000);
  till.centre.always = unreachable;
  till.terminal.status();
  till.terminal.openOrders();
  till.terminal.order("old-1");
  till.terminal.closeOrder(sale("new"));
  till.terminal.editOrder({ localId: "table-4", add: [{ item: "x", quantity: "1", unitPrice: "1" }] });
  till.terminal.payOrder({ localId: "table-4", tenders: [{ type: "cash", amountMinor: 100 }] });
  expect(till.terminal.explain("T01-20260116-00007")?.localId).toBe("old-7");
  for (const status of [undefined, ...QUEUE_STATUSES]) till.terminal.queue({ status });
  till.terminal.history();
  await till.clock.advance(60_000);
}

async function runWith(
  sales: number,
): Promise<{ till: Till; plans: Map<string, string>; idle: { asked: number; rows: number } }> {
  const { open, heard, work, arm } = listening();
  const till = await openTill({ open });
  await withHistory(till, sales);
  await till.settle();
  Object.assign(work, { asked: 0, rows: 0 });
  for (let polls = 0; polls < 100; polls++) {
    await till.clock.advance(30_000);
    till.terminal.status();
  }
  const idle = { ...work };
  arm();
  await till.restart();
  await oneRound(till);
  return { till, plans: plansOf(till, heard), idle };
}

it("with 1,000,000 settled sales an idle till finds nothing to do by key or partial index, at the cost of ten sales", async () => {
  const large = await runWith(1_000_000);
  const status = large.till.terminal.status();
  expect(status).toMatchObject({ headSeq: 1_000_004, pending: 3, syncedOrders: 1_000_000 });
  expect(large.plans.size).toBeGreaterThan(10);
  const scans = [...large.plans].filter(([, plan]) => /SCAN (journal|j\b)/.test(plan)).map(([sql]) => sql);
  // At start, before it is known whether the whole of the file is looked at: at most 200,000 entries.
  // Then the counts, which read an index each and no row: about 20 ms for a million sales.
  expect(scans).toEqual([
    expect.stringContaining("LIMIT ?"),
    expect.stringContaining("INDEXED BY journal_receipt"),
    expect.stringContaining("INDEXED BY journal_transaction"),
    expect.stringContaining("INDEXED BY journal_inventory"),
  ]);
  const small = await runWith(10);
  expect(large.plans).toEqual(small.plans);
  // With the same plans, by the same keys, as many answers are as much work.
  expect(large.idle.asked).toBeGreaterThan(0);
  expect(large.idle).toEqual(small.idle);
});
