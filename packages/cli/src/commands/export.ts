import { businessDate, formatMinor } from "@tillsync/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import { EXPORT_FORMATS, type ExportFormat, exportDocuments, type TerminalExport } from "../export/export.ts";
import { type Output, outputOf } from "../output.ts";
import { writeSalvage } from "../salvage/write-salvage.ts";
import { DEMO_DATA_DIR, type TargetOptions, tillTargets } from "../targets.ts";

interface ExportCommandOptions extends TargetOptions {
  readonly format: ExportFormat;
  readonly output?: string;
  readonly since?: string;
  readonly until?: string;
  readonly personal?: boolean;
  readonly salvage?: string;
  readonly unsent?: boolean;
  readonly json?: boolean;
}

/** Documents between two words on what is going on. */
const TOLD_EVERY = 5000;

export function exportCommand(program: Command): void {
  program
    .command("export")
    .summary("write what a till recorded as ARTS POSLog XML or NDJSON")
    .description(
      "Writes the documents of a till from its journal on disk, whether the till runs or not, in the order in which they were recorded: orders, transactions, stock movements and shifts. `tillsync import` reads the file back unchanged.",
    )
    .addOption(new Option("--format <format>", "format of the file").choices(EXPORT_FORMATS).default("poslog"))
    .option("--output <file>", "file to write, packed when its name ends in .gz; standard output when absent")
    .option("--since <date>", "first business date, such as 2026-01-16", date)
    .option("--until <date>", "last business date", date)
    .option("--no-personal", "without private parts (names, phones)")
    .option("--salvage <database>", "read a damaged till.db page by page; NDJSON of all that is proven by its hash")
    .option("--unsent", "with --salvage: only what head office has not acknowledged")
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "only this terminal, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the summary as JSON; on standard error when the documents are on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  tillsync export --terminal T01 --since 2026-01-16 --output t01.xml.gz\n  tillsync export --salvage data/till.db --unsent --output rescued.ndjson",
    )
    .action(async (options: ExportCommandOptions) => {
      const output = summaryOf(options);
      if (options.salvage !== undefined) return salvageTo(output, options.salvage, options);
      const targets = await tillTargets(options);
      const { format, since, until, personal } = options;
      const onProgress = (done: number, terminal: string) => {
        if (done % TOLD_EVERY === 0) output.progress(`${terminal}: ${done} documents`);
      };
      const files = targets.map(({ file }) => file);
      const results = await exportDocuments({
        files,
        format,
        output: options.output,
        since,
        until,
        personal,
        onProgress,
      });
      output.value(results);
      for (const result of results) print(output, result);
      if (results.some(({ damaged }) => damaged > 0)) process.exitCode = 1;
    });
}

/** Exit code 1 when anything is in doubt or missing: a person has to look at it. */
async function salvageTo(output: Output, file: string, options: ExportCommandOptions): Promise<void> {
  const report = await writeSalvage({ ...options, file });
  output.value(report);
  output.line(`${report.terminal}: ${report.intact} changes are intact; ${report.documents} documents written`);
  for (const { incarnation, seq, kind, localId, why } of report.doubtful)
    output.line(`  not written: ${incarnation}/${seq} ${kind} ${localId}, ${why}`);
  for (const { incarnation, seq } of report.missing) output.line(`  missing: ${incarnation}/${seq}`);
  if (report.doubtful.length + report.missing.length > 0) process.exitCode = 1;
}

/** The documents own standard output when there is no file for them; what is said about them goes beside. */
function summaryOf({ output, json = false }: ExportCommandOptions): Output {
  if (output !== undefined) return outputOf({ json });
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  return {
    json,
    line: (text = "") => (json ? undefined : say(text)),
    progress: say,
    value: (value) => (json ? say(JSON.stringify(value, null, 2)) : undefined),
  };
}

function print(output: Output, { terminal, documents, sums, personal, notExported }: TerminalExport): void {
  const counts = Object.entries(documents).map(([kind, count]) => `${count} ${kind}`);
  const money = Object.entries(sums).map(([code, minor]) => `${code} ${formatMinor(minor, code)}`);
  output.line(`${terminal}: ${[counts.join(", ") || "nothing", ...money].join("; ")}`);
  if (personal > 0) output.line(`  ${personal} with personal data; --no-personal leaves it out`);
  for (const { what, count } of notExported) output.line(`  not exported: ${count} ${what}`);
}

function date(text: string): string {
  if (businessDate.safeParse(text).success) return text;
  throw new InvalidArgumentError("It must be a date such as 2026-01-16.");
}
