import type { ClosedShift, Shift, ShiftReport, ShiftSummary } from "@tillsync/engine";
import { type Amount, formatMinor } from "@tillsync/protocol";
import { type Output, table } from "../output.ts";

/** What a shift holds, one line a tender: taken, expected, counted, over or short. */
export function printReport(
  output: Output,
  shift: Pick<Shift, "operator" | "businessDate" | "openedAt" | "closedAt">,
  report: ShiftReport,
): void {
  const { operator, businessDate, openedAt, closedAt } = shift;
  output.line(`Shift ${report.localId}: ${operator}, business date ${businessDate}`);
  output.line(`  opened ${openedAt}, ${closedAt === null ? "open" : `closed ${closedAt}`}; ${report.changes} changes`);
  const { openingFloatMinor, currency } = report;
  if (openingFloatMinor !== null && currency !== null)
    output.line(`  opening float ${formatMinor(openingFloatMinor, currency)} ${currency}`);
  for (const { currency: code, inMinor, outMinor } of report.cashMoves)
    output.line(`  cash in ${formatMinor(inMinor, code)}, out ${formatMinor(outMinor, code)} ${code}`);
  for (const { first, last, count } of report.receipts) output.line(`  ${count} receipts, ${first} to ${last}`);
  if (report.openOrders > 0) output.line(`  ${report.openOrders} open orders go on in the next shift`);
  const kinds = kindsOf(report.totals, report.expected, report.counted);
  if (kinds.length === 0) return;
  const rows = kinds.map(([code, tender]) => [
    `${tender} ${code}`,
    ...[report.totals, report.expected, report.counted, report.overShort].map((list) => cell(list, code, tender)),
  ]);
  output.line(table([["tender", "taken", "expected", "counted", "over/short"], ...rows], [1, 2, 3, 4]));
}

/** One line a shift. */
export function printShifts(output: Output, shortId: string, shifts: readonly ShiftSummary[]): void {
  const rows = shifts.map((shift) => [
    shift.businessDate,
    shift.localId,
    shift.operator,
    String(shift.changes),
    said(shift.totals),
    said(shift.overShort),
    shift.settlement.state,
  ]);
  output.line(`${shortId}: ${shifts.length} ${shifts.length === 1 ? "shift" : "shifts"}`);
  const head = ["date", "shift", "operator", "changes", "taken", "over/short", "settlement"];
  if (rows.length > 0) output.line(table([head, ...rows], [3]));
}

export function printClosed(output: Output, closed: ClosedShift): void {
  if (closed.duplicate) output.line("It was closed before in the same way; nothing was written.");
  printReport(output, closed, closed.report);
}

function kindsOf(...lists: readonly (readonly Amount[])[]): [currency: string, tender: string][] {
  const kinds = new Map(lists.flat().map(({ currency, tender }) => [`${currency} ${tender}`, [currency, tender]]));
  return [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind as [string, string]);
}

function cell(list: readonly Amount[], currency: string, tender: string): string {
  const found = list.find((amount) => amount.currency === currency && amount.tender === tender);
  return found === undefined ? "-" : formatMinor(found.amountMinor, currency);
}

function said(amounts: readonly Amount[]): string {
  const parts = amounts.map(
    ({ currency, tender, amountMinor }) => `${tender} ${formatMinor(amountMinor, currency)} ${currency}`,
  );
  return parts.length === 0 ? "-" : parts.join(", ");
}
