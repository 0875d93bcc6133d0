import { SyncError } from "@tillsync/protocol";
import { csvDocuments } from "./csv.ts";
import type { ImportedDocument } from "./documents.ts";
import { chooseMapping, loadMapping } from "./mapping.ts";
import { ndjsonDocuments } from "./ndjson.ts";
import { type Refusal, Refusals } from "./refusals.ts";
import { readLines } from "./source-file.ts";

export interface ImportSource {
  /** Path of a CSV or NDJSON file, plain or gzip. A regular file: it is read twice. */
  readonly file: string;
  /** Path of a mapping file for CSV; without it one is chosen by the header line. */
  readonly mapping?: string | undefined;
  /** Without it: NDJSON when the first line starts with `{`, else CSV. */
  readonly format?: "csv" | "ndjson" | undefined;
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
export async function* readDocuments({
  file,
  mapping,
  format,
  onRefused,
}: ImportSource): AsyncGenerator<ImportedDocument> {
  const firstLine = await firstLineOf(file);
  const refusals = new Refusals(onRefused);
  if ((format ?? (firstLine.startsWith("{") ? "ndjson" : "csv")) === "ndjson") {
    yield* ndjsonDocuments(file, refusals);
  } else {
    yield* csvDocuments(
      file,
      mapping === undefined ? await chooseMapping(firstLine) : await loadMapping(mapping),
      refusals,
    );
  }
}

async function firstLineOf(file: string): Promise<string> {
  for await (const { bytes } of readLines(file)) {
    const text = bytes?.toString("utf8").trim() ?? "";
    if (bytes === undefined || text !== "") return text;
  }
  throw new SyncError("INVALID_INPUT", `${file} is empty.`, {
    field: "file",
    expected: "CSV or NDJSON",
    got: "an empty file",
  });
}
