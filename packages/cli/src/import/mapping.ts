import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { currency, decimal, parseAs, SyncError } from "@tillsync/protocol";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { fileError } from "./source-file.ts";

/** Mappings that come with Tillsync; one is chosen when its `header` is the file's first line. */
export const SHIPPED_MAPPINGS = fileURLToPath(new URL("../../../../examples/mappings/", import.meta.url));

const text = z.string().min(1).max(256);
const column = z.strictObject({ column: text });
const time = z.strictObject({ column: text, format: text });

/** How the columns of a CSV file become documents. `examples/mappings/README.md` explains every key with examples. */
export const mappingSchema = z.strictObject({
  /** For people; ignored. */
  about: z.array(z.string()).optional(),
  /** Name of the source: goes to `source.system` and into every localId. */
  system: z.string().min(1).max(64),
  /** The exact first line by which this mapping is chosen when none is given. */
  header: z.array(z.string()).min(1).optional(),
  delimiter: z.string().length(1).default(","),
  encoding: z.enum(["utf8", "latin1"]).default("utf8"),
  decimalMark: z.enum([".", ","]).default("."),
  /** The document's number: rows with the same one are one document. */
  number: column,
  when: z.union([time, z.strictObject({ date: time, time })]),
  /** IANA zone of the shop's clock. */
  timeZone: text,
  item: column,
  description: column.optional(),
  /** Without it a row is one piece. */
  quantity: column.optional(),
  /** Rows of a document that are alike but for the quantity become one line with the sum of it. */
  combineEqualRows: z.boolean().default(false),
  unitPrice: z.union([column, z.strictObject({ constant: decimal })]),
  currency: z.union([column, z.strictObject({ constant: currency })]),
  customer: z.strictObject({ column: text, dropSuffix: text.optional() }).optional(),
  /** Type of the one tender, which is the total. Without it: "other", marked as made up. */
  tender: z.union([column, z.strictObject({ constant: z.string().min(1).max(32) })]).optional(),
  returns: z.strictObject({ numberPrefixes: z.array(text).min(1) }).optional(),
  /** A document of one row with a negative quantity at price 0 that is no return: stock written off, an inventory update. */
  writeOffs: z.boolean().default(false),
  /** Items that move no stock (services, postage, vouchers); a `*` at the end stands for any rest. */
  unstocked: z.array(text).default([]),
  /** Items that mean "no item": the row is kept as a line of price 0 that moves no stock. */
  noItem: z.array(text).default([]),
  /** Fields the source does not have; they go to `source.madeUp` of every order. */
  madeUp: z.array(z.string().min(1).max(32)).max(15).default([]),
});

export type Mapping = z.infer<typeof mappingSchema>;

/** @throws SyncError INVALID_INPUT naming the file and the key */
export async function loadMapping(file: string): Promise<Mapping> {
  const content = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  try {
    return parseAs(mappingSchema, JSON.parse(content));
  } catch (cause) {
    const details = cause instanceof SyncError ? cause.details : {};
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("INVALID_INPUT", `The mapping ${file} is not valid: ${why}`, details, cause);
  }
}

/**
 * The shipped mapping whose header is this first line.
 *
 * @throws SyncError INVALID_INPUT when there is none, with what to do
 */
export async function chooseMapping(firstLine: string, folder: string = SHIPPED_MAPPINGS): Promise<Mapping> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith(".json")).sort()) {
    const mapping = await loadMapping(`${folder}/${name}`);
    if (mapping.header !== undefined && sameCells(mapping.header, cellsOf(firstLine, mapping.delimiter)))
      return mapping;
  }
  const expected = "a mapping file that says what its columns mean";
  throw new SyncError(
    "INVALID_INPUT",
    `No mapping that comes with Tillsync fits this file; give ${expected}. Its first line is: ${firstLine.slice(0, 200)}`,
    {
      field: "mapping",
      expected,
    },
  );
}

function cellsOf(line: string, delimiter: string): readonly string[] {
  const rows: string[][] = parse(line, { delimiter, bom: true, relax_quotes: true });
  return (rows[0] ?? []).map((cell) => cell.trim());
}

function sameCells(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((cell, index) => cell === right[index]);
}
