import { formatMinor } from "@tillsync/protocol";
import { type Output, table } from "../output.ts";
import type { Repaired } from "./repair.ts";
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
  const since = result.since === null ? "" : `  since ${result.since}`;
  output.line(`\n${result.shortId}  ${result.equal ? "EQUAL" : "DIFFERENT"}${since}`);
  output.line(table(rows, [1, 2]));
  output.line(
    `  receipt numbers: ${receipts.numbers} over ${receipts.days} business days, ${receipts.gaps} unexplained gaps, ${receipts.voided} taken back`,
  );
  if (result.retired > 0)
    output.line(`  ${result.retired} old changes are compared by their hashes: only head office has their content`);
  const { requests, bytes, rows: came } = result.travelled;
  output.line(`  compared with ${Math.ceil(bytes / 1024)} KiB in ${requests} answers; ${came} changes came one by one`);
  for (const { businessDate, from, to, cause } of receipts.explained)
    output.line(`  no document for numbers ${from} to ${to} of ${businessDate}: ${cause}`);
  for (const { incarnation, seq, what, detail } of differences.slice(0, LISTED)) {
    output.line(`  ${what}: ${incarnation}/${seq ?? "-"}  ${detail}`);
  }
  const unlisted = differences.length - LISTED + result.more;
  if (unlisted > 0) output.line(`  … and ${unlisted} more; --json lists up to a thousand`);
}

/** What a repair did, and by number what it could not do. */
export function printRepair(output: Output, { repair }: Repaired): void {
  const { healed, left, isTillRunning } = repair;
  const how = isTillRunning ? "by the running till" : "with the till opened for it";
  output.line(`  repaired ${healed} ${healed === 1 ? "change" : "changes"} ${how}`);
  for (const { incarnation, seq } of left.slice(0, LISTED))
    output.line(`  not repaired: ${incarnation}/${seq}  neither side has it intact, or it did not come back in time`);
  if (left.length > LISTED) output.line(`  … and ${left.length - LISTED} more; --json lists them`);
}

function keysOf(...records: readonly Readonly<Record<string, number>>[]): string[] {
  return [...new Set(records.flatMap(Object.keys))].sort();
}
