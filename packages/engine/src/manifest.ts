import type { OrderClosed, PayloadOf } from "@tillsync/protocol";
import type { Head, Journal, JournalRow } from "./journal.ts";
import type { Shift } from "./verbs.ts";
import { bodyOf } from "./view.ts";

/** Rows read at a time while a shift is added up. */
const PAGE = 500;

/**
 * What a shift holds, from the till's own bytes: range, chain head, counts by kind, money by currency and tender. The
 * centre recomputes the same from what it stored (design section 4.6). A row whose bytes no longer fit its hash counts
 * with its kind and without money: what it says is not what was sold, and it must not keep the shift open.
 */
export function manifestOf(
  journal: Journal,
  head: Head,
  shift: Shift,
  operator: string | undefined,
): PayloadOf<"shift.closed"> {
  const counts: Record<string, number> = {};
  const totals = new Map<string, { currency: string; tender: string; amountMinor: number }>();
  let prevHash = journal.hashAt(head.ordinal, shift.openSeq - 1) ?? "";
  for (let from = shift.openSeq; from <= head.seq; from += PAGE) {
    const rows = journal.range(head.ordinal, from, Math.min(PAGE, head.seq - from + 1));
    for (const row of rows) {
      counts[row.kind] = (counts[row.kind] ?? 0) + 1;
      if (journal.intact(head.incarnation, row, prevHash)) addMoney(totals, row);
      prevHash = row.hash;
    }
  }
  const sorted = [...totals.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
  return {
    ...(operator === undefined ? {} : { operator }),
    openSeq: shift.openSeq,
    closeSeq: head.seq,
    chainHead: head.hash,
    counts,
    totals: sorted,
  };
}

function addMoney(
  totals: Map<string, { currency: string; tender: string; amountMinor: number }>,
  row: JournalRow,
): void {
  if (row.kind === "order.closed") {
    const { currency, tenders } = bodyOf(row).payload as OrderClosed;
    for (const tender of tenders) add(totals, currency, tender.type, tender.amountMinor);
  } else if (row.kind === "transaction.recorded") {
    const { currency, tender, amountMinor } = bodyOf(row).payload as PayloadOf<"transaction.recorded">;
    add(totals, currency, tender ?? "none", amountMinor);
  }
}

function add(
  totals: Map<string, { currency: string; tender: string; amountMinor: number }>,
  currency: string,
  tender: string,
  amountMinor: number,
): void {
  const key = `${currency}\n${tender}`;
  const sum = totals.get(key)?.amountMinor ?? 0;
  totals.set(key, { currency, tender, amountMinor: sum + amountMinor });
}
