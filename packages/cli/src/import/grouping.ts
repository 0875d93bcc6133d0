import { SyncError } from "@tillsync/protocol";

/** A row of a source that lists documents row by row. */
export interface NumberedRow {
  /** Grows from row to row. */
  readonly line: number;
  readonly number: string;
}

/**
 * Rows that may be held at once while waiting for the last row of an earlier document; ~100 MB. A file that needs more
 * (sorted by something else than its documents) is refused before its first document.
 */
export const MAX_HELD_ROWS = 250_000;

interface Extent {
  /** Positions of its first and last row among all rows, from 1. */
  readonly first: number;
  last: number;
  lastLine: number;
  rows: number;
}

/**
 * Where each document of a file begins and ends, noted in a first pass: so a document whose rows do not follow each other
 * is still whole, however far apart they are. Costs one small entry per document.
 */
export class Extents {
  readonly #byNumber = new Map<string, Extent>();
  #rows = 0;

  note({ number, line }: NumberedRow): void {
    this.#rows += 1;
    const known = this.#byNumber.get(number);
    if (known === undefined) {
      this.#byNumber.set(number, { first: this.#rows, last: this.#rows, lastLine: line, rows: 1 });
    } else {
      known.last = this.#rows;
      known.lastLine = line;
      known.rows += 1;
    }
  }

  /** Leaves a document out: its rows will not be handed to `groupRows`. */
  forget(number: string): void {
    this.#byNumber.delete(number);
  }

  /** How many documents there are. */
  get size(): number {
    return this.#byNumber.size;
  }

  of(number: string): Readonly<Extent> | undefined {
    return this.#byNumber.get(number);
  }

  /** The most rows that `groupRows` can come to hold, and the document that makes it so: nothing waits longer than it. */
  widest(): { readonly rows: number; readonly number: string } {
    let widest = { rows: 0, number: "" };
    for (const [number, { first, last }] of this.#byNumber) {
      if (last - first + 1 > widest.rows) widest = { rows: last - first + 1, number };
    }
    return widest;
  }

  /** @throws SyncError INVALID_INPUT when grouping would hold more than `maxRows` */
  checkHeld(maxRows: number = MAX_HELD_ROWS): void {
    const { rows, number } = this.widest();
    if (rows <= maxRows) return;
    const expected = `at most ${maxRows} rows from the first row of a document to its last`;
    throw new SyncError(
      "INVALID_INPUT",
      `The rows of document ${number} are spread over ${rows} rows; sort the file by document number.`,
      {
        field: "number",
        expected,
        got: String(rows),
      },
    );
  }
}

/**
 * The rows of each document together, documents in the order of their first rows. `extents` noted the same rows before.
 *
 * @throws SyncError INVALID_INPUT when the rows are not those that were noted: the file changed in between
 */
export async function* groupRows<R extends NumberedRow>(
  rows: AsyncIterable<R>,
  extents: Extents,
): AsyncGenerator<readonly R[]> {
  // Insertion order of the map is the order of the first rows.
  const groups = new Map<string, R[]>();
  const complete = new Set<string>();
  let given = 0;
  for await (const row of rows) {
    const extent = extents.of(row.number);
    if (extent === undefined || row.line > extent.lastLine) throw changed();
    const group = groups.get(row.number) ?? [];
    group.push(row);
    groups.set(row.number, group);
    if (row.line < extent.lastLine) continue;
    if (group.length !== extent.rows) throw changed();
    complete.add(row.number);
    for (const [number, ready] of groups) {
      if (!complete.delete(number)) break;
      groups.delete(number);
      given += 1;
      yield ready;
    }
  }
  if (given !== extents.size) throw changed();
}

function changed(): SyncError {
  return new SyncError("INVALID_INPUT", "The file changed while it was read; run the import again.", { field: "file" });
}
