import { LIMITS, MODULES, type ModuleName, type RowChange, readRowChange, SyncError } from "@tillsync/protocol";

/** One record of an import as it was read, with the line it stands on. */
export interface SourceRecord {
  readonly line: number;
  readonly value: unknown;
}

/** Records that were checked, as one text for PostgreSQL. */
export interface Slice {
  readonly text: string;
  readonly rows: number;
  /** How many of them have `flags`. */
  readonly flagged: number;
}

/** Characters in a slice. PostgreSQL takes one in while the next is read. */
const SLICE_CHARACTERS = 512 * 1024;

/** Control characters, which neither ids nor canonical text hold. */
const FIELD = "\u001f";
const REFERENCE = "\u001e";

/** How a slice is taken apart again, $1 the slice: see `recordOf`. */
export const RECORDS = `SELECT line, split_part(record, E'\\x1f', 1) AS id,
    nullif(split_part(record, E'\\x1f', 3), '') AS row_text, nullif(split_part(record, E'\\x1f', 2), '') AS refs
  FROM string_to_table($1, E'\\n') WITH ORDINALITY AS records (record, line)`;

/** What `refs` names, one a row: module and id of `refs` of table `staged`. */
export const REFERENCES = `SELECT s.line, split_part(ref, '/', 1) AS module, substr(ref, strpos(ref, '/') + 1) AS id
  FROM staged s, string_to_table(s.refs, E'\\x1e') AS ref WHERE s.row_text IS NOT NULL`;

/**
 * Checks the records of an import and gathers them.
 *
 * @throws SyncError INVALID_INPUT naming line, field and the wanted form; TOO_LARGE for a row above `maxRowBytes` or more
 *   than `maxRows`
 */
export async function* slicesOf(
  module: ModuleName,
  records: AsyncIterable<SourceRecord> | Iterable<SourceRecord>,
  maxRows: number,
): AsyncGenerator<Slice> {
  const referencing = Object.entries<string>(MODULES[module].references);
  let [parts, characters, flagged, total]: [string[], number, number, number] = [[], 0, 0, 0];
  for await (const { line, value } of records) {
    if (++total > maxRows) throw tooMany(maxRows);
    const change = read(module, line, value);
    const part = recordOf(change, referencesOf(referencing, value));
    parts.push(part);
    characters += part.length + 1;
    if (module === "itemBarcodes" && !change.deleted && change.text.includes('"flags":[')) flagged++;
    if (characters < SLICE_CHARACTERS) continue;
    yield { text: parts.join("\n"), rows: parts.length, flagged };
    [parts, characters, flagged] = [[], 0, 0];
  }
  if (parts.length > 0) yield { text: parts.join("\n"), rows: parts.length, flagged };
}

function read(module: ModuleName, line: number, value: unknown): RowChange {
  try {
    return readRowChange(module, value);
  } catch (cause) {
    throw cause instanceof SyncError ? atLine(line, cause) : cause;
  }
}

/** The same refusal, with the line it is about. */
export function atLine(line: number, { code, message, details, cause }: SyncError): SyncError {
  return new SyncError(code, `Line ${line}: ${message}`, { ...details, line }, cause);
}

function recordOf(change: RowChange, references: readonly string[]): string {
  if (change.deleted) return `${change.id}${FIELD}${FIELD}`;
  return `${change.id}${FIELD}${references.join(REFERENCE)}${FIELD}${change.text}`;
}

/** `items/5449`: rows that this one names. Its schema has been checked. */
function referencesOf(referencing: readonly (readonly [string, string])[], value: unknown): string[] {
  const row = value as Readonly<Record<string, string | readonly string[] | undefined>>;
  const found: string[] = [];
  for (const [field, target] of referencing) {
    const named = row[field];
    if (typeof named === "string") found.push(`${target}/${named}`);
    else if (named !== undefined) for (const id of named) found.push(`${target}/${id}`);
  }
  return found;
}

function tooMany(maxRows: number): SyncError {
  const expected = `at most ${maxRows} rows`;
  return new SyncError("TOO_LARGE", `An import may bring ${maxRows} rows; send the rest as another one.`, {
    field: "body",
    expected,
  });
}

/** The longest line that can hold a row: six characters for one byte of it, when everything is escaped. */
export const MAX_LINE_CHARACTERS = LIMITS.maxRowBytes * 6;
