import { MODULE_ORDER, type ModuleName, SCOPES, type Scope } from "@tillsync/protocol";
import type { Command } from "commander";
import { Option } from "commander";
import type { ImportedEntry } from "../import/documents.ts";
import { readDocuments, SOURCE_FORMATS, type SourceFormat } from "../import/read-documents.ts";
import { type Progress, recordAll } from "../import/record.ts";
import { type Output, outputOf } from "../output.ts";
import type { ReadingReport } from "../poslog/left-out.ts";
import { printReport } from "../poslog/print-report.ts";
import { seededDocuments } from "../seed.ts";
import { DEMO_DATA_DIR, type TargetOptions, tillTargets } from "../targets.ts";
import { importModule } from "./import-module.ts";
import { wholeNumber } from "./options.ts";

interface ImportOptions extends TargetOptions {
  readonly module?: ModuleName;
  readonly scope?: Scope;
  readonly centre?: string;
  readonly key?: string;
  readonly mapping?: string;
  readonly format?: SourceFormat;
  readonly timeZone?: string;
  readonly keepGoing?: boolean;
  readonly json?: boolean;
}

function recording(command: Command): Command {
  return command
    .option("--data-dir <folder>", "folder of the demo", DEMO_DATA_DIR)
    .option("--terminal <id>", "record through this terminal only, such as T01")
    .option("--config <file>", "the terminal of this configuration instead of the demo's")
    .option("--json", "the result as JSON");
}

export function importCommand(program: Command): void {
  recording(program.command("import"))
    .argument("<file>", "CSV, NDJSON or ARTS POSLog XML, plain or gzip")
    .summary("record the documents of a file through a till")
    .description(
      "Records every document of a file through running tills, as if it were sold there: date and time of the file are kept, one shift is opened per date, the file's own numbers become references. Running it again records only what is missing. A POSLog holds more than a document has fields for: what has no place is listed by name and reason at the end. What `tillsync export` wrote is recorded as it was, with its own shifts.",
    )
    .option("--mapping <file>", "mapping file for CSV; chosen by the header line when absent")
    .addOption(new Option("--format <format>", "recognised when absent").choices(SOURCE_FORMATS))
    .option("--time-zone <zone>", "of the times of a POSLog that name none, such as Africa/Nairobi", "UTC")
    .option("--keep-going", "leave bad documents out, list them, and go on")
    .addOption(
      new Option("--module <module>", "bring the file to head office as reference data instead").choices(MODULE_ORDER),
    )
    .addOption(new Option("--scope <scope>", "of a module: whose rows").choices(SCOPES).default("organization"))
    .option("--centre <url>", "of a module: head office's server instead of the demo's")
    .option("--key <key>", "of a module: a key of role admin (default: environment TILLSYNC_ADMIN_KEY)")
    .addHelpText(
      "after",
      "\nExamples:\n  tillsync import receipts.csv.gz --terminal T01\n  tillsync import poslog.xml.gz --time-zone America/Los_Angeles\n  tillsync import --module items items.ndjson.gz\n  tillsync import --module itemBarcodes products.csv --mapping barcodes.json --scope store",
    )
    .action(async (file: string, options: ImportOptions) => {
      if (options.module !== undefined) return importModule(file, { ...options, module: options.module });
      const output = outputOf(options);
      const { mapping, format, keepGoing, timeZone } = options;
      const refused: string[] = [];
      let report: ReadingReport | undefined;
      const onRefused = keepGoing ? (text: string) => void refused.push(text) : undefined;
      const documents = readDocuments({
        file,
        mapping,
        format,
        timeZone,
        onReport: (told) => {
          report = told;
        },
        onRefused: onRefused && ((refusal) => onRefused(`line ${refusal.line}, ${refusal.field}: ${refusal.message}`)),
      });
      const progress = await record(output, documents, options, onRefused);
      output.value({ ...progress, refusals: refused, ...(report === undefined ? {} : { report }) });
      if (report !== undefined) printReport(output, report);
      for (const text of refused.slice(0, 20)) output.line(`  left out: ${text}`);
      if (refused.length > 0) process.exitCode = 1;
    });
}

interface SeedOptions extends TargetOptions {
  readonly orders: number;
  readonly transactions: number;
  readonly inventory: number;
  readonly seed: number;
  readonly startDate: string;
  readonly json?: boolean;
}

export function seedCommand(program: Command): void {
  recording(program.command("seed"))
    .summary("record made-up sales through a till")
    .description(
      "Records orders, transactions and stock movements made from a seed: the same seed makes the same documents.",
    )
    .option("--orders <n>", "closed orders", wholeNumber(0), 100)
    .option("--transactions <n>", "transactions", wholeNumber(0), 0)
    .option("--inventory <n>", "stock movements", wholeNumber(0), 0)
    .option("--seed <n>", "where chance starts", wholeNumber(0), 1)
    .option("--start-date <date>", "business date of the first day", "2026-01-16")
    .addHelpText("after", "\nExample:\n  tillsync seed --orders 500 --transactions 50 --inventory 50 --seed 7")
    .action(async (options: SeedOptions) => {
      const output = outputOf(options);
      const { seed, orders, transactions, inventory, startDate } = options;
      output.value(
        await record(output, seededDocuments({ seed, orders, transactions, inventory, startDate }), options, undefined),
      );
    });
}

async function record(
  output: Output,
  documents: AsyncIterable<ImportedEntry> | Iterable<ImportedEntry>,
  options: TargetOptions,
  onRefused: ((text: string) => void) | undefined,
): Promise<Progress> {
  const targets = (await tillTargets(options)).map(({ local, shortId }) => ({
    url: local.url,
    shortId,
    ...(local.key === undefined ? {} : { key: local.key }),
  }));
  let told = 0;
  const progress = await recordAll(documents, targets, {
    onProgress: ({ documents: done, businessDate }) => {
      if (done - told < 500) return;
      told = done;
      output.progress(`${done} documents, at ${businessDate}`);
    },
    ...(onRefused
      ? { onRefused: ({ document, error }) => onRefused(`${document.draft.localId}: ${error.message}`) }
      : {}),
  });
  const { recorded, duplicates, refused, shifts } = progress;
  output.line(
    `${recorded} documents recorded in ${shifts} shifts, ${duplicates} were there already, ${refused} left out.`,
  );
  if (progress.renumbered > 0)
    output.line(`${progress.renumbered} receipts have another number here than in the file: a till gives its own.`);
  return progress;
}
