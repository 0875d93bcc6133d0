import type { DiskTill } from "./disk-till.ts";

/** Rows of a catalogue, enough for several transactions that are flushed later. */
function catalogue(from: number, count: number) {
  return Array.from({ length: count }, (_, at) => ({ id: `item-${from + at}`, name: `Item ${from + at} bread` }));
}

/** A day in three parts, each in a process of its own; the first two are killed at their end. */
export const DAY_PARTS = ["morning", "afternoon", "evening"] as const;
export type DayPart = (typeof DAY_PARTS)[number];

export interface Play {
  readonly part: DayPart;
  readonly sales: number;
  readonly items: number;
}

/**
 * A part of a day: sales, open orders, cash, stock, exchanges with head office, and reference data that comes down
 * meanwhile in transactions that are flushed later. The evening closes the shift, has another one, stops cleanly, and
 * begins once more.
 */
export async function playPart(till: DiskTill, { part, sales, items }: Play): Promise<void> {
  till.modules.rowsPerPage = 40;
  till.modules.import("items", "organization", catalogue(0, items));
  till.start();
  if (part === "morning") openShift(till, "shift-1");
  for (let sold = 0; sold < sales; sold++) {
    till.sell(1 + (sold % 4), `${part}-${sold}`);
    if (sold % 10 === 3) serveTable(till, `${part}-table-${sold}`);
    if (sold % 15 === 5) countStock(till, `${part}-stock-${sold}`);
    if (sold % 4 === 0) await till.settle(3);
    if (sold % 60 === 30) till.modules.import("items", "organization", catalogue(sold, 40), [`item-${sold + 1}`]);
    if (sold % 60 === 45) await till.clock.advance(16 * 60_000);
  }
  if (part === "evening") await endOfDay(till);
}

async function endOfDay(till: DiskTill): Promise<void> {
  closeShift(till, "shift-1");
  await till.settle();
  openShift(till, "shift-2");
  for (let sold = 0; sold < 5; sold++) till.sell();
  closeShift(till, "shift-2");
  await till.stop();
  till.start();
  openShift(till, "shift-3");
  till.sell();
}

function openShift(till: DiskTill, localId: string): void {
  till.terminal.openShift({ localId, operator: "Amina", businessDate: "2026-01-16" });
  tellLast(till, localId);
}

function closeShift(till: DiskTill, localId: string): void {
  till.terminal.closeShift({ localId, counted: [] });
  tellLast(till, localId);
}

/** Verbs of shifts answer with the shift; what was recorded of it is the newest change. */
function tellLast(till: DiskTill, localId: string): void {
  const { headSeq } = till.terminal.status();
  const sql = "SELECT lower(hex(hash)) AS hash FROM journal WHERE position % 1099511627776 = ? AND local_id = ?";
  const row = till.store.read.get<{ hash: string }>(sql, headSeq, localId);
  if (row === undefined) throw new Error(`${localId} is not the newest change`);
  till.tell({ localId, seq: headSeq, hash: row.hash });
}

function serveTable(till: DiskTill, localId: string): void {
  const add = [{ item: "tea", quantity: "2", unitPrice: "50.00" }];
  till.tell(till.terminal.editOrder({ localId, editId: `${localId}-1`, add }));
  till.tell(till.terminal.payOrder({ localId, tenders: [{ type: "cash", amountMinor: 10_000 }] }));
}

function countStock(till: DiskTill, localId: string): void {
  till.tell(till.terminal.recordInventory({ localId, item: "bread", delta: "-1", type: "waste" }));
  till.tell(
    till.terminal.recordCash({ localId: `${localId}-cash`, direction: "out", amountMinor: 500, reason: "bank" }),
  );
}
