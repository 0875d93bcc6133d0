import { canonicalText } from "../canonical.ts";
import type { Sha256 } from "../chain.ts";
import { SyncError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { parseAs, parseField } from "../parse.ts";
import { readGtin } from "./gtin.ts";
import { MODULES, type ModuleName, type RowOf, type Scope } from "./modules.ts";
import { rowId } from "./rows.ts";

/** A row by its key and its canonical text, which is what is stored, hashed and sent. */
export interface RowText {
  readonly id: string;
  readonly text: string;
}

/** What is wanted of one id: this row, or none. */
export type RowChange = (RowText & { readonly deleted: false }) | { readonly id: string; readonly deleted: true };

/**
 * Reads a row of a module and completes what is derived: a barcode gets its GTIN or its flag.
 *
 * @throws SyncError INVALID_INPUT naming the field; TOO_LARGE above `maxRowBytes`
 */
export function readRow(module: ModuleName, value: unknown): RowText {
  const row = parseAs<{ id: string }>(MODULES[module].schema, value);
  const text = canonicalText(module === "itemBarcodes" ? withGtin(row as RowOf<"itemBarcodes">) : row);
  // A code unit takes three bytes at most; few rows are long enough to be counted.
  if (text.length * 3 > LIMITS.maxRowBytes) checkSize(text);
  return { id: row.id, text };
}

/** Reads a row, or `{ id, deleted: true }`. @throws as `readRow` */
export function readRowChange(module: ModuleName, value: unknown): RowChange {
  if (!isTombstone(value)) return { ...readRow(module, value), deleted: false };
  return { id: parseField("id", rowId, value.id), deleted: true };
}

/** True of `{ id, deleted: true }`, whatever its id is. No module has a field `deleted`. */
export function isTombstone(value: unknown): value is { readonly id: unknown; readonly deleted: true } {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return false;
  return "id" in value && "deleted" in value && value.deleted === true;
}

/** The line that says that a row is no more. */
export function tombstoneText(id: string): string {
  return `{"deleted":true,"id":${JSON.stringify(id)}}`;
}

/** The hash of one row: SHA-256 over its module, its scope and its canonical text, as 64 hex digits. */
export function rowHash(sha256: Sha256, module: ModuleName, scope: Scope, text: string): string {
  return sha256(`${module}\n${scope}\n${text}`);
}

function withGtin(row: RowOf<"itemBarcodes">): RowOf<"itemBarcodes"> {
  const read = readGtin(row.barcode);
  const derived = "gtin" in read ? { gtin: read.gtin } : { flags: [read.flag] };
  for (const field of ["gtin", "flags"] as const) {
    const wanted = field in derived ? String(derived[field as keyof typeof derived]) : "nothing";
    if (row[field] !== undefined && String(row[field]) !== wanted)
      throw new SyncError(
        "INVALID_INPUT",
        `${field}: what barcode gives (${wanted}), or left out; got ${row[field]}.`,
        {
          field,
          expected: `${wanted}, which barcode gives, or left out`,
          got: String(row[field]),
        },
      );
  }
  return { ...row, ...derived };
}

function checkSize(text: string): void {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Half of a surrogate pair is two bytes of the four that the pair takes.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  if (bytes <= LIMITS.maxRowBytes) return;
  throw new SyncError("TOO_LARGE", `A row may take ${LIMITS.maxRowBytes} bytes; this one takes ${bytes}.`, {
    expected: `at most ${LIMITS.maxRowBytes} bytes`,
    got: `${bytes} bytes`,
  });
}
