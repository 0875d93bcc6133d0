import { pipeline } from "node:stream";
import { SyncError } from "@tillsync/protocol";
import { CsvError, parse } from "csv-parse";
import { fileError, MAX_LINE_BYTES, openSource } from "./source-file.ts";

/** One record of a CSV file. `line` is the line it ends on (a quoted cell may hold line ends). */
export interface Cells {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The records of a CSV file, header included, one at a time; empty lines are passed over. A record is bounded, so a quote
 * that is never closed cannot take the rest of the file into memory.
 *
 * @throws SyncError INVALID_INPUT for a file that cannot be read or is not CSV, naming the line
 */
export async function* readCells(
  file: string,
  { delimiter, encoding }: { delimiter: string; encoding: "utf8" | "latin1" },
): AsyncGenerator<Cells> {
  const parser = parse({
    bom: encoding === "utf8",
    delimiter,
    encoding,
    info: true,
    max_record_size: MAX_LINE_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  // The callback is needed for errors to travel; the loop below gets them from the parser.
  pipeline(await openSource(file), parser, () => {});
  try {
    for await (const { info, record } of parser as AsyncIterable<WithInfo>) yield { line: info.lines, cells: record };
  } catch (cause) {
    throw csvError(file, cause);
  }
}

/** What csv-parse hands out with its option `info`. */
interface WithInfo {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

function csvError(file: string, cause: unknown): unknown {
  if (!(cause instanceof CsvError)) return fileError(file, cause);
  const line = typeof cause.lines === "number" ? cause.lines : 0;
  // The library's message may quote a cell; its code says enough and is safe to show.
  const message = `${file} is not CSV that can be read: ${String(cause.code)} near line ${line}.`;
  return new SyncError(
    "INVALID_INPUT",
    message,
    { field: "file", line, expected: "CSV (RFC 4180)", got: String(cause.code) },
    cause,
  );
}
