import { currency, decimal, SyncError } from "@tillsync/protocol";
import type { Cells } from "./csv-cells.ts";
import type { NumberedRow } from "./grouping.ts";
import { type Moment, momentReader } from "./local-time.ts";
import type { Mapping } from "./mapping.ts";
import { cleaned } from "./source-text.ts";

/** One row of a CSV file, read by its mapping. */
export interface SourceRow extends NumberedRow {
  readonly moment: Moment;
  readonly item: string;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly currency: string;
  readonly customer: string;
  readonly tender: string;
}

/** Reads the rows of one file. Both throw SyncError INVALID_INPUT naming the column. */
export interface RowReader {
  /** The row's document, first and by itself: what is wrong with the rest of the row is wrong with this document. */
  number(record: Cells): string;
  row(record: Cells): SourceRow;
}

/** @throws SyncError INVALID_INPUT when the header lacks a column of the mapping or has it twice */
export function rowReader(mapping: Mapping, header: readonly string[]): RowReader {
  const cell = columnsOf(header);
  const number = cell(mapping.number.column);
  const moment = momentOf(mapping, cell);
  const item = cell(mapping.item.column);
  const description = optional(mapping.description, cell);
  const quantity = mapping.quantity === undefined ? () => "1" : decimalOf(mapping.quantity.column, mapping, cell);
  const unitPrice =
    "constant" in mapping.unitPrice
      ? constant(mapping.unitPrice.constant)
      : decimalOf(mapping.unitPrice.column, mapping, cell);
  const currencyOf =
    "constant" in mapping.currency ? constant(mapping.currency.constant) : cell(mapping.currency.column);
  const customer = customerOf(mapping, cell);
  const tender =
    mapping.tender === undefined
      ? constant("")
      : "constant" in mapping.tender
        ? constant(mapping.tender.constant)
        : cell(mapping.tender.column);
  return {
    number(record) {
      checkWidth(record, header);
      return filled(number(record), mapping.number.column);
    },
    row(record) {
      const code = currencyOf(record);
      if (!currency.safeParse(code).success) throw refusal("currency", "an ISO 4217 code such as KES", code);
      return {
        line: record.line,
        number: number(record),
        moment: moment(record),
        item: filled(item(record), mapping.item.column),
        description: description(record),
        quantity: quantity(record),
        unitPrice: unitPrice(record),
        currency: code,
        customer: customer(record),
        tender: tender(record),
      };
    },
  };
}

type Read = (record: Cells) => string;

function columnsOf(header: readonly string[]): (name: string) => Read {
  return (name) => {
    const index = header.indexOf(name);
    if (index === -1 || header.indexOf(name, index + 1) !== -1) {
      const got = header.join(", ").slice(0, 200);
      throw new SyncError("INVALID_INPUT", `The mapping needs one column "${name}"; the file has: ${got}.`, {
        field: name,
        expected: `one column "${name}"`,
        got,
      });
    }
    return (record) => cleaned(record.cells[index] ?? "");
  };
}

function momentOf(mapping: Mapping, cell: (name: string) => Read): (record: Cells) => Moment {
  if (!("date" in mapping.when)) {
    const at = cell(mapping.when.column);
    const read = momentReader(mapping.when.format, mapping.timeZone);
    return (record) => read(at(record));
  }
  const { date, time } = mapping.when;
  const dateCell = cell(date.column);
  const timeCell = cell(time.column);
  const read = momentReader(`${date.format} ${time.format}`, mapping.timeZone);
  return (record) => read(`${dateCell(record)} ${timeCell(record)}`);
}

/** Decimal text in our one form: `+07,50` with a decimal comma is `7.5`. */
function decimalOf(name: string, mapping: Mapping, cell: (name: string) => Read): Read {
  const read = cell(name);
  return (record) => {
    const written = read(record);
    const text = mapping.decimalMark === "," ? written.replace(".", "x").replace(",", ".") : written;
    const match = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text);
    const [, sign = "", whole = "", fraction = ""] = match ?? [];
    const plain = `${whole === "" ? "0" : whole}${fraction === "" ? "" : `.${fraction}`}`;
    const result = sign === "-" && plain !== "0" ? `-${plain}` : plain;
    if (match === null || !/\d/.test(text) || !decimal.safeParse(result).success) {
      throw refusal(name, `a number with at most 15 digits before and 6 after the "${mapping.decimalMark}"`, written);
    }
    return result;
  };
}

function customerOf(mapping: Mapping, cell: (name: string) => Read): Read {
  if (mapping.customer === undefined) return constant("");
  const { column, dropSuffix } = mapping.customer;
  const read = cell(column);
  return (record) => {
    const written = read(record);
    return dropSuffix !== undefined && written.endsWith(dropSuffix) ? written.slice(0, -dropSuffix.length) : written;
  };
}

function optional(source: { readonly column: string } | undefined, cell: (name: string) => Read): Read {
  return source === undefined ? constant("") : cell(source.column);
}

function constant(value: string): Read {
  return () => value;
}

function checkWidth(record: Cells, header: readonly string[]): void {
  if (record.cells.length !== header.length)
    throw refusal("(row)", `${header.length} cells`, `${record.cells.length} cells`);
}

function filled(value: string, name: string): string {
  if (value === "") throw refusal(name, "a value", "an empty cell");
  return value;
}

function refusal(field: string, expected: string, got: string): SyncError {
  const shown = got.slice(0, 40);
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}; got ${JSON.stringify(shown)}.`, {
    field,
    expected,
    got: shown,
  });
}
