import { SyncError } from "@tillsync/protocol";
import type { ReadingReport } from "../poslog/left-out.ts";
import { poslogDocuments } from "../poslog/poslog-documents.ts";
import { csvDocuments } from "./csv.ts";
import type { ImportedEntry } from "./documents.ts";
import { chooseMapping, loadMapping } from "./mapping.ts";
import { ndjsonDocuments } from "./ndjson.ts";
import { type Refusal, Refusals } from "./refusals.ts";
import { fileError, openSource, readLines } from "./source-file.ts";

export const SOURCE_FORMATS = ["csv", "ndjson", "poslog"] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

export interface ImportSource {
  /** Path of a CSV, NDJSON or POSLog file, plain or gzip. A regular file: it is read twice. */
  readonly file: string;
  /** Path of a mapping file for CSV; without it one is chosen by the header line. */
  readonly mapping?: string | undefined;
  /** Without it: POSLog when the file starts with `<`, NDJSON when it starts with `{`, else CSV. */
  readonly format?: SourceFormat | undefined;
  /** IANA zone of the times of a POSLog that name none. Default UTC. CSV says it in its mapping. */
  readonly timeZone?: string | undefined;
  /** For a POSLog, before its first document: what of it is in no document, and why. */
  readonly onReport?: ((report: ReadingReport) => void) | undefined;
  /**
   * Given: documents that cannot be imported are left out, each told here once, and the others follow (`--keep-going`).
   * Absent: a file with any bad line is refused whole before its first document.
   */
  readonly onRefused?: ((refusal: Refusal) => void) | undefined;
}

/**
 * The documents of a file, in the order in which they begin there. Memory is bounded whatever the size of the file: one
 * small entry per CSV document number, plus at most MAX_HELD_ROWS rows of documents that are not complete yet.
 *
 * @throws SyncError INVALID_INPUT or TOTALS_MISMATCH while it is read, naming file, line and field
 * @example for await (const document of readDocuments({ file: "bakery-breadbasket.csv.gz" })) record(document);
 */
export async function* readDocuments(source: ImportSource): AsyncGenerator<ImportedEntry> {
  const { file, mapping, onRefused, timeZone = "UTC", onReport } = source;
  const refusals = new Refusals(onRefused);
  const format = source.format ?? (await formatOf(file));
  switch (format) {
    case "poslog":
      yield* poslogDocuments(file, { timeZone, refusals, onReport });
      break;
    case "ndjson":
      yield* ndjsonDocuments(file, refusals);
      break;
    case "csv": {
      const chosen = mapping === undefined ? await chooseMapping(await firstLineOf(file)) : await loadMapping(mapping);
      yield* csvDocuments(file, chosen, refusals);
      break;
    }
    default:
      format satisfies never;
  }
}

/** By the first character that is no space; a byte order mark counts as one. */
export async function formatOf(file: string): Promise<SourceFormat> {
  try {
    for await (const chunk of (await openSource(file)) as AsyncIterable<Buffer>) {
      // Latin-1 keeps every byte a character, whatever the encoding is.
      const first = chunk.toString("latin1").replace(/^[\s\u00ef\u00bb\u00bf]+/, "")[0];
      if (first === "<") return "poslog";
      if (first !== undefined) return first === "{" ? "ndjson" : "csv";
    }
  } catch (cause) {
    throw fileError(file, cause);
  }
  throw emptyFile(file);
}

async function firstLineOf(file: string): Promise<string> {
  for await (const { bytes } of readLines(file)) {
    const text = bytes?.toString("utf8").trim() ?? "";
    if (bytes === undefined || text !== "") return text;
  }
  throw emptyFile(file);
}

function emptyFile(file: string): SyncError {
  return new SyncError("INVALID_INPUT", `${file} is empty.`, {
    field: "file",
    expected: "CSV, NDJSON or POSLog XML",
    got: "an empty file",
  });
}
