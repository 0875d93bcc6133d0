import type { Output } from "../output.ts";
import type { LeftOutEntry, ReadingReport } from "./left-out.ts";

/** What became of a POSLog, for people: by reason, every name with how often it stands there. */
export function printReport(output: Output, report: ReadingReport): void {
  const { transactions, transactionsLeftOut, elements, attributes, leftOut, notes } = report;
  output.line(
    `${transactions} transactions read, ${transactionsLeftOut} of them make no document. Left out: ${elements.leftOut} of ${elements.inFile} elements, ${attributes.leftOut} of ${attributes.inFile} attributes.`,
  );
  for (const { what, count } of notes) output.line(`  taken: ${count} × ${what}`);
  const byReason = new Map<string, LeftOutEntry[]>();
  for (const entry of leftOut) byReason.set(entry.reason, [...(byReason.get(entry.reason) ?? []), entry]);
  for (const [reason, entries] of byReason) {
    output.line(`  left out, ${reason}:`);
    for (const { name, count } of entries) output.line(`    ${count} × ${name}`);
  }
}
