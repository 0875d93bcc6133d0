import { type Bar, holds, type Report } from "./bench.ts";
import type { Machine } from "./machine.ts";

/** A report for people: contenders with their medians, then what was promised. */
export function printed(name: string, report: Report, machine: Machine): string {
  const header = ["", ...report.columns];
  const rows = report.rows.map(({ contender, figures }) => [contender, ...figures.map(figure)]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const aligned = [header, ...rows].map((row) =>
    row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))),
  );
  const lines = aligned.map((row, index) => {
    const note = report.rows[index - 1]?.note;
    return `  ${row.join("  ")}${note === undefined ? "" : `   ${note}`}`;
  });
  return [
    `${name}: medians of ${report.rounds} round${report.rounds === 1 ? "" : "s"}`,
    ...lines,
    "",
    report.ratio === null ? `ratio: none (${report.ratioOf})` : `ratio: ${figure(report.ratio)} (${report.ratioOf})`,
    ...report.bars.map(barLine),
    ...report.notes.map((note) => `- ${note}`),
    `- ${machine.cores} x ${machine.cpu}, ${machine.memoryMiB} MiB, ${machine.system}, Node ${machine.node}, commit ${machine.commit}`,
  ].join("\n");
}

function barLine(bar: Bar): string {
  const wanted = "atLeast" in bar.must ? `>= ${bar.must.atLeast}` : `<= ${bar.must.atMost}`;
  const aim = bar.aim === undefined ? "" : `, aim ${bar.aim}`;
  const verdict = bar.value === null ? "not measured" : holds(bar) ? "holds" : "MISSED";
  return `${verdict.padEnd(12)} ${bar.what}: ${figure(bar.value)} (must be ${wanted}${aim})`;
}

function figure(value: number | null): string {
  if (value === null) return "-";
  if (Number.isInteger(value)) return String(value);
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3;
  return value.toFixed(digits);
}
