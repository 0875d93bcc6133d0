import { pipeline, Readable } from "node:stream";
import { SyncError } from "@tillsync/protocol";
import { CsvError, parse } from "csv-parse";
import { atLine, MAX_LINE_CHARACTERS, type SourceRecord } from "./slices.ts";

/** Fields that are no text in JSON, and how a cell says them. */
const READERS: Readonly<Record<string, (cell: string) => unknown>> = {
  isWeighed: truth,
  includesTax: truth,
  deleted: truth,
  flags: list,
  itemIds: list,
  customerIds: list,
};

/** Fields that may be an empty text; every other empty cell is a field that is not there. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(["name"]);

/**
 * The records of CSV (RFC 4180) whose header names fields of the module, `attributes.<name>` and `deleted` among them. A
 * row whose `deleted` is true is a deletion of its id, whatever its other cells say.
 *
 * @throws SyncError INVALID_INPUT naming the line for what is not CSV
 */
export async function* csvRecords(texts: AsyncIterable<string>): AsyncGenerator<SourceRecord> {
  const parser = parse({ info: true, max_record_size: MAX_LINE_CHARACTERS, skip_empty_lines: true });
  const source = Readable.from(texts, { objectMode: false });
  pipeline(source, parser, () => {});
  let names: readonly string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<WithInfo>) {
      if (names === undefined) names = checked(record);
      else yield { line: info.lines, value: objectOf(names, record) };
    }
  } catch (cause) {
    throw csvError(cause);
  } finally {
    source.destroy();
  }
}

/** What csv-parse hands out with its option `info`. `lines`: the one it ends on. */
interface WithInfo {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

function checked(header: readonly string[]): readonly string[] {
  const names = header.map((name) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.includes("id") && twice === undefined) return names;
  const expected = "the names of fields, each once, and id among them";
  const refusal = new SyncError("INVALID_INPUT", `The first line of CSV has to be ${expected}.`, {
    field: twice === undefined ? "id" : twice.slice(0, 64),
    expected,
  });
  throw atLine(1, refusal);
}

function objectOf(names: readonly string[], cells: readonly string[]): unknown {
  const row: Record<string, unknown> = Object.create(null);
  let attributes: Record<string, string> | undefined;
  for (const [index, name] of names.entries()) {
    const cell = cells[index] ?? "";
    if (cell === "" && !MAY_BE_EMPTY.has(name)) continue;
    if (name.startsWith("attributes.")) {
      attributes ??= Object.create(null) as Record<string, string>;
      attributes[name.slice("attributes.".length)] = cell;
    } else row[name] = Object.hasOwn(READERS, name) ? READERS[name]?.(cell) : cell;
  }
  if (row.deleted === true) return { id: row.id, deleted: true };
  if (row.deleted === false) delete row.deleted;
  return attributes === undefined ? row : { ...row, attributes };
}

/** What is neither is left for the schema to refuse. */
function truth(cell: string): boolean | string {
  if (/^(true|1|yes)$/i.test(cell)) return true;
  return /^(false|0|no)$/i.test(cell) ? false : cell;
}

/** `a|b|c`. */
function list(cell: string): string[] {
  return cell.split("|");
}

function csvError(cause: unknown): unknown {
  if (!(cause instanceof CsvError)) return cause;
  const line = typeof cause.lines === "number" ? cause.lines : 0;
  // The library's message may quote a cell; its code says enough and is safe to show.
  const facts = { field: "body", expected: "CSV (RFC 4180)", got: String(cause.code) };
  return atLine(line, new SyncError("INVALID_INPUT", `This is not CSV that can be read: ${facts.got}.`, facts));
}
