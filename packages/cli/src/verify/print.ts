import { formatMinor } from "@tillsync/protocol";
import { type Output, table } from "../output.ts";
import type { Verification } from "./verify.ts";

const LISTED = 20;

/** Both columns side by side, then every difference. */
export function printVerification(output: Output, result: Verification): void {
  const { till, centre, receipts, differences } = result;
  const rows = [
    ["", "till", "centre"],
    ["changes", String(till.changes), String(centre.changes)],
  ];
  for (const kind of keysOf(till.documents, centre.documents)) {
    rows.push([kind, String(till.documents[kind] ?? 0), String(centre.documents[kind] ?? 0)]);
  }
  for (const code of keysOf(till.sums, centre.sums)) {
    rows.push([`sum ${code}`, formatMinor(till.sums[code] ?? 0, code), formatMinor(centre.sums[code] ?? 0, code)]);
  }
  rows.push(["chain head", till.chainHash.slice(0, 16), centre.chainHash.slice(0, 16)]);
  output.line(`\n${result.shortId}  ${result.equal ? "EQUAL" : "DIFFERENT"}`);
  output.line(table(rows, [1, 2]));
  output.line(
    `  receipt numbers: ${receipts.numbers} over ${receipts.days} business days, ${receipts.gaps} unexplained gaps, ${receipts.voided} taken back`,
  );
  for (const { businessDate, from, to, cause } of receipts.explained)
    output.line(`  no document for numbers ${from} to ${to} of ${businessDate}: ${cause}`);
  for (const { incarnation, seq, what, detail } of differences.slice(0, LISTED)) {
    output.line(`  ${what}: ${incarnation}/${seq ?? "-"}  ${detail}`);
  }
  const unlisted = differences.length - LISTED + result.more;
  if (unlisted > 0) output.line(`  … and ${unlisted} more; --json lists up to a thousand`);
}

function keysOf(...records: readonly Readonly<Record<string, number>>[]): string[] {
  return [...new Set(records.flatMap(Object.keys))].sort();
}
