import { documentLine, totalOf } from "../import/documents.ts";
import { type LogEntry, transactionText } from "../poslog/write-entry.ts";
import { LogWriter } from "../poslog/xml-writer.ts";
import { type NotExported, openExport, type Wanted } from "./journal-entries.ts";
import { writeOut } from "./write-file.ts";

export const EXPORT_FORMATS = ["poslog", "ndjson"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions extends Wanted {
  /** Databases of the tills, one after the other in the output. */
  readonly files: readonly string[];
  readonly format: ExportFormat;
  /** Standard output when absent. */
  readonly output?: string | undefined;
  readonly onProgress?: ((done: number, terminal: string) => void) | undefined;
}

export interface TerminalExport {
  readonly terminal: string;
  readonly store: string;
  /** How many of each kind. */
  readonly documents: Readonly<Record<string, number>>;
  /** Minor units by currency, of orders and transactions. */
  readonly sums: Readonly<Record<string, number>>;
  readonly notExported: readonly NotExported[];
  /** Documents that carry names, phones or other personal data. */
  readonly personal: number;
  /** Changes whose bytes do not give their hash; they are not exported. */
  readonly damaged: number;
}

/** Writes the documents of tills, straight from their journals; memory does not grow with them. */
export async function exportDocuments(options: ExportOptions): Promise<readonly TerminalExport[]> {
  const results: TerminalExport[] = [];
  await writeOut(texts(options, results), options.output);
  return results;
}

function* texts(options: ExportOptions, results: TerminalExport[]): Generator<string> {
  const writer = options.format === "poslog" ? new LogWriter() : undefined;
  if (writer) yield writer.begin;
  for (const file of options.files) {
    const journal = openExport(file);
    try {
      const tally = new Tally();
      for (const logEntry of journal.entries(options)) {
        tally.add(logEntry);
        options.onProgress?.(tally.count, journal.shortId);
        yield writer ? transactionText(writer, logEntry) : `${documentLine(logEntry.entry)}\n`;
      }
      const { shortId: terminal, store, personal, damaged } = journal;
      results.push({ terminal, store, ...tally.result, notExported: journal.notExported(), personal, damaged });
    } finally {
      journal.close();
    }
  }
  if (writer) yield writer.end;
}

class Tally {
  count = 0;
  readonly #documents = new Map<string, number>();
  readonly #sums = new Map<string, number>();

  add({ entry }: LogEntry): void {
    this.count += 1;
    this.#documents.set(entry.kind, (this.#documents.get(entry.kind) ?? 0) + 1);
    if (entry.kind !== "order" && entry.kind !== "transaction") return;
    const { currency = "" } = entry.draft;
    const amountMinor = entry.kind === "order" ? (totalOf(entry.draft) ?? 0) : entry.draft.amountMinor;
    this.#sums.set(currency, (this.#sums.get(currency) ?? 0) + amountMinor);
  }

  get result() {
    return { documents: Object.fromEntries(this.#documents), sums: Object.fromEntries(this.#sums) };
  }
}
