import type { Command } from "commander";
import type { ImportedDocument } from "../import/documents.ts";
import { readDocuments } from "../import/read-documents.ts";
import { type Progress, recordAll } from "../import/record.ts";
import { type Output, outputOf } from "../output.ts";
import { seededDocuments } from "../seed.ts";
import { DEMO_DATA_DIR, type TargetOptions, tillTargets } from "../targets.ts";
import { wholeNumber } from "./options.ts";

interface ImportOptions extends TargetOptions {
  readonly mapping?: string;
  readonly format?: "csv" | "ndjson";
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
    .argument("<file>", "CSV or NDJSON, plain or gzip")
    .summary("record the documents of a file through a till")
    .description(
      "Records every document of a file through running tills, as if it were sold there: date and time of the file are kept, one shift is opened per date, the file's own numbers become references. Running it again records only what is missing.",
    )
    .option("--mapping <file>", "mapping file for CSV; chosen by the header line when absent")
    .option("--format <format>", "csv or ndjson; recognised when absent")
    .option("--keep-going", "leave bad documents out, list them, and go on")
    .addHelpText("after", "\nExample:\n  tillsync import receipts.csv.gz --terminal T01")
    .action(async (file: string, options: ImportOptions) => {
      const output = outputOf(options);
      const { mapping, format, keepGoing } = options;
      const refused: string[] = [];
      const onRefused = keepGoing ? (text: string) => void refused.push(text) : undefined;
      const documents = readDocuments({
        file,
        mapping,
        format,
        onRefused: onRefused && ((refusal) => onRefused(`line ${refusal.line}, ${refusal.field}: ${refusal.message}`)),
      });
      const progress = await record(output, documents, options, onRefused);
      output.value({ ...progress, refusals: refused });
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
  documents: AsyncIterable<ImportedDocument> | Iterable<ImportedDocument>,
  options: TargetOptions,
  onRefused: ((text: string) => void) | undefined,
): Promise<Progress> {
  const targets = (await tillTargets(options)).map(({ local }) => ({
    url: local.url,
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
  return progress;
}
