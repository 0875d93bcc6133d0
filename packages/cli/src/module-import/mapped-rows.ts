import { SyncError } from "@tillsync/protocol";
import { type Cells, readCells } from "../import/csv-cells.ts";
import { momentReader } from "../import/local-time.ts";
import { cleaned } from "../import/source-text.ts";
import type { FieldSource, ModuleMapping } from "./module-mapping.ts";

interface SourceRow {
  readonly cells: Cells["cells"];
  /** From 1. */
  readonly row: number;
}

type Read = (record: SourceRow) => unknown;
type ReadText = (record: SourceRow) => string;

/**
 * The rows that a mapping makes of a CSV file, one at a time. Whether they are good ones is for head office to say.
 *
 * @throws SyncError INVALID_INPUT naming file line and column for what is no CSV, and for a time that cannot be read
 */
export async function* mappedRows(file: string, mapping: ModuleMapping): AsyncGenerator<Record<string, unknown>> {
  let reader: RowReader | undefined;
  let row = 0;
  for await (const { line, cells } of readCells(file, mapping)) {
    if (reader === undefined) {
      reader = new RowReader(mapping, cells);
      continue;
    }
    row++;
    try {
      const made = reader.read({ cells, row });
      if (made !== undefined) yield made;
    } catch (cause) {
      if (!(cause instanceof SyncError)) throw cause;
      throw new SyncError(cause.code, `${file}, line ${line}: ${cause.message}`, { ...cause.details, line }, cause);
    }
  }
}

class RowReader {
  readonly #fields: readonly (readonly [string, Read])[];
  readonly #filled: readonly ReadText[];
  readonly #change: { readonly key: ReadText; readonly value: ReadText } | undefined;
  readonly #last = new Map<string, string>();

  constructor(mapping: ModuleMapping, header: readonly string[]) {
    const cell = columnsOf(header);
    this.#fields = Object.entries(mapping.fields).map(([name, source]) => [name, readerOf(source, mapping, cell)]);
    this.#filled = mapping.skipWhenEmpty.map(cell);
    const { onlyChanges } = mapping;
    this.#change = onlyChanges && { key: cell(onlyChanges.key), value: cell(onlyChanges.column) };
  }

  /** Undefined for a row that is passed over. */
  read(record: SourceRow): Record<string, unknown> | undefined {
    if (this.#filled.some((read) => read(record) === "")) return undefined;
    if (this.#change !== undefined) {
      const [key, value] = [this.#change.key(record), this.#change.value(record)];
      if (this.#last.get(key) === value) return undefined;
      this.#last.set(key, value);
    }
    const row: Record<string, unknown> = {};
    for (const [name, read] of this.#fields) {
      const value = read(record);
      // An empty cell is a field that is not there; a name may be empty.
      if (value !== "" || name === "name") row[name] = value;
    }
    return row;
  }
}

function columnsOf(header: readonly string[]): (name: string) => ReadText {
  return (name) => {
    const index = header.indexOf(name);
    if (index === -1) {
      const got = header.join(", ").slice(0, 200);
      const facts = { field: name, expected: `a column "${name}"`, got };
      throw new SyncError("INVALID_INPUT", `The mapping needs a column "${name}"; the file has: ${got}.`, facts);
    }
    return ({ cells }) => cleaned(cells[index] ?? "");
  };
}

function readerOf(source: FieldSource, mapping: ModuleMapping, cell: (name: string) => ReadText): Read {
  if ("constant" in source) return () => source.constant;
  if ("row" in source) return ({ row }) => String(row);
  if ("join" in source) {
    const parts = source.join.map((part) => readerOf(part, mapping, cell));
    return (record) => parts.map((read) => String(read(record))).join(source.with);
  }
  const text = cell(source.column);
  if ("format" in source) {
    const moment = momentReader(source.format, mapping.timeZone);
    return (record) => (text(record) === "" ? "" : moment(text(record)).occurredAt);
  }
  if ("decimal" in source && mapping.decimalMark === ",") return (record) => text(record).replace(",", ".");
  return text;
}
