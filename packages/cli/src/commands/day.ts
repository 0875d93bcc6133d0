import { businessDate, formatMinor, parseField, SyncError } from "@tillsync/protocol";
import type { Day, DaySums } from "@tillsync/server";
import type { Command } from "commander";
import { askJson } from "../http-door.ts";
import { type Output, outputOf, table } from "../output.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";

interface DayOptions {
  readonly dataDir: string;
  readonly centre?: string;
  readonly key?: string;
  readonly json?: boolean;
  readonly actor?: string;
  readonly reason?: string;
}

export function dayCommand(program: Command): void {
  const day = program.command("day").summary("a store's day: show how it stands, close it with its Z report");
  const verb = (name: string, summary: string) =>
    day
      .command(name)
      .argument("<date>", "the business date, such as 2026-01-16")
      .summary(summary)
      .option("--data-dir <folder>", "folder of the demo, whose key is used", DEMO_DATA_DIR)
      .option("--centre <url>", "head office's server instead of the demo's")
      .option("--key <key>", "a key of role admin for it (default: environment TILLSYNC_ADMIN_KEY)")
      .option("--json", "the day as JSON");
  verb("show", "the Z report of a closed day, or what an open one still lacks")
    .addHelpText("after", "\nExample:\n  tillsync day show 2026-01-16")
    .action((date: string, options: DayOptions) => run(date, options, (door, path) => askJson<Day>(door, "GET", path)));
  verb("close", "lock a day with its Z report; all its shifts have to be settled")
    .option("--actor <name>", "who closes it (default: whoever the key was made for)")
    .option("--reason <text>", "why")
    .addHelpText("after", "\nExample:\n  tillsync day close 2026-01-16 --actor Wanjiru")
    .action((date: string, options: DayOptions) => {
      const { actor, reason } = options;
      const body = { ...(actor === undefined ? {} : { actor }), ...(reason === undefined ? {} : { reason }) };
      return run(date, options, (door, path) => askJson<Day>(door, "POST", `${path}/close`, body));
    });
}

type Ask = (door: { url: string; key: string }, path: string) => Promise<Day>;

async function run(date: string, options: DayOptions, ask: Ask): Promise<void> {
  const output = outputOf(options);
  const door = adminDoor(options);
  if (door === undefined) {
    const message = "No admin key: give --centre and --key, or --data-dir of a demo.";
    throw new SyncError("CONFIG_INVALID", message, { field: "key" });
  }
  const day = await ask(door, `/api/admin/days/${parseField("date", businessDate, date)}`);
  output.value(day);
  printDay(output, day);
}

/** The Z report as a person reads it. */
function printDay(output: Output, day: Day): void {
  const by =
    day.state === "closed" ? `CLOSED ${day.closedAt} by ${day.actor}${day.reason ? `: ${day.reason}` : ""}` : "OPEN";
  output.line(`\n${day.businessDate}  ${by}`);
  printSums(output, day.report);
  for (const { shift, shortId } of day.missing.open) output.line(`  open: ${shift} on ${shortId}`);
  for (const { shift, shortId } of day.missing.unsettled) output.line(`  not settled: ${shift} on ${shortId}`);
  if (day.supplement.shifts.length + day.supplement.outside.length === 0) return;
  output.line("\n  Supplement, arrived after the day was closed:");
  printSums(output, day.supplement);
}

function printSums(output: Output, { shifts, totals, documents, exceptions, overShort, outside }: DaySums): void {
  const head = ["till", "shift", "operator", "state", "changes", "to look at"];
  const rows = shifts.map((one) => [
    one.shortId,
    one.shift ?? "?",
    one.operator ?? "",
    one.state,
    String(one.changes),
    String(one.exceptions),
  ]);
  output.line(table([head, ...rows], [4, 5]));
  for (const { documentType, currency, count, totalMinor } of documents)
    output.line(`  ${documentType}: ${count}, ${formatMinor(totalMinor, currency)} ${currency}`);
  for (const { currency, tender, amountMinor } of totals)
    output.line(`  ${tender}: ${formatMinor(amountMinor, currency)} ${currency}`);
  for (const { currency, tender, amountMinor } of overShort)
    output.line(
      `  ${amountMinor < 0 ? "short" : "over"} in ${tender}: ${formatMinor(amountMinor, currency)} ${currency}`,
    );
  for (const { receipts, shortId } of shifts)
    for (const { first, last, count } of receipts)
      output.line(`  receipts of ${shortId}: ${first} to ${last}, ${count}`);
  for (const { documentType, currency, count, totalMinor } of outside)
    output.line(`  outside shifts, ${documentType}: ${count}, ${formatMinor(totalMinor, currency)} ${currency}`);
  if (exceptions > 0) output.line(`  ${exceptions} changes to look at: tillsync settlement SHIFT names them`);
}
