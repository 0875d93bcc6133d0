import { SyncError } from "@tillsync/protocol";
import { assemble } from "./assemble.ts";
import { type Cells, readCells } from "./csv-cells.ts";
import { type RowReader, rowReader, type SourceRow } from "./csv-row.ts";
import type { ImportedDocument } from "./documents.ts";
import { Extents, groupRows } from "./grouping.ts";
import type { Mapping } from "./mapping.ts";
import { type Refusals, refusalOf } from "./refusals.ts";

/** What the first pass over a file found: where documents end, and which have a row that cannot be read. */
interface Survey {
  readonly extents: Extents;
  readonly bad: ReadonlySet<string>;
}

/**
 * The documents of a CSV file. It is read twice: once to check every row and to note where each document ends, once to
 * hand the documents out. So a file with a bad row is refused before its first document, and rows of a document may lie
 * apart. A document is taken whole or not at all: one bad row refuses it, because a sale short of a line is a wrong sale.
 */
export async function* csvDocuments(
  file: string,
  mapping: Mapping,
  refusals: Refusals,
): AsyncGenerator<ImportedDocument> {
  const { extents, bad } = await survey(file, mapping, refusals);
  extents.checkHeld();
  refusals.stopIfAny(file);
  for await (const rows of groupRows(goodRows(file, mapping, bad), extents)) {
    const document = assembled(rows, mapping, refusals);
    // Without a listener this stops: what only shows when rows are put together could not be known before.
    if (document === undefined) refusals.stopIfAny(file);
    else yield document;
  }
}

async function survey(file: string, mapping: Mapping, refusals: Refusals): Promise<Survey> {
  const extents = new Extents();
  const bad = new Set<string>();
  for await (const { record, reader } of records(file, mapping)) {
    const number = numberOf(record, reader, refusals);
    if (number === undefined) continue;
    extents.note({ line: record.line, number });
    if (bad.has(number)) continue;
    try {
      reader.row(record);
    } catch (error) {
      refusals.add(refusalOf(error, record.line, number));
      bad.add(number);
    }
  }
  for (const number of bad) extents.forget(number);
  return { extents, bad };
}

async function* goodRows(file: string, mapping: Mapping, bad: ReadonlySet<string>): AsyncGenerator<SourceRow> {
  for await (const { record, reader } of records(file, mapping)) {
    const number = numberOf(record, reader);
    if (number !== undefined && !bad.has(number)) yield reader.row(record);
  }
}

async function* records(file: string, mapping: Mapping): AsyncGenerator<{ record: Cells; reader: RowReader }> {
  let reader: RowReader | undefined;
  for await (const record of readCells(file, mapping)) {
    if (reader === undefined)
      reader = rowReader(
        mapping,
        record.cells.map((cell) => cell.trim()),
      );
    else yield { record, reader };
  }
  if (reader === undefined)
    throw new SyncError("INVALID_INPUT", `${file} is empty; a CSV file starts with its column names.`, {
      field: "file",
    });
}

/** Undefined when the row does not say which document it belongs to; told once, in the first pass. */
function numberOf(record: Cells, reader: RowReader, refusals?: Refusals): string | undefined {
  try {
    return reader.number(record);
  } catch (error) {
    const refusal = refusalOf(error, record.line);
    refusals?.add(refusal);
    return undefined;
  }
}

function assembled(rows: readonly SourceRow[], mapping: Mapping, refusals: Refusals): ImportedDocument | undefined {
  try {
    return assemble(rows, mapping);
  } catch (error) {
    refusals.add(refusalOf(error, rows[0]?.line ?? 0, rows[0]?.number));
    return undefined;
  }
}
