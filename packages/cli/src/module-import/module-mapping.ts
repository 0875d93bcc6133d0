import { readFile } from "node:fs/promises";
import { MODULES, type ModuleName, parseAs, SyncError } from "@tillsync/protocol";
import { z } from "zod";
import { fileError } from "../import/source-file.ts";

const column = z.string().min(1).max(256);
const value = z.union([z.string().max(4000), z.int(), z.boolean()]);

/** What a field is made of. */
const simple = z.union([
  z.strictObject({ column }),
  z.strictObject({ constant: value }),
  /** The number of the data row in the file, from 1. */
  z.strictObject({ row: z.literal(true) }),
]);

/** How a CSV file becomes rows of a module. `examples/module-mappings/README.md` explains every key with examples. */
export const moduleMapping = z.strictObject({
  /** For people; ignored. */
  about: z.array(z.string()).optional(),
  module: z.enum(Object.keys(MODULES) as [ModuleName, ...ModuleName[]]),
  delimiter: z.string().length(1).default(","),
  encoding: z.enum(["utf8", "latin1"]).default("utf8"),
  decimalMark: z.enum([".", ","]).default("."),
  /** IANA zone of times; needed by fields that have a `format`. */
  timeZone: z.string().min(1).max(64).default("UTC"),
  /** Rows with an empty cell in one of these columns are passed over. */
  skipWhenEmpty: z.array(column).default([]),
  /** Rows in which a column says the same as in the last row with the same key are passed over. */
  onlyChanges: z.strictObject({ key: column, column }).optional(),
  fields: z.record(
    z.string().min(1).max(64),
    z.union([
      simple,
      z.strictObject({ column, format: z.string().min(1).max(64) }),
      z.strictObject({ column, decimal: z.literal(true) }),
      z.strictObject({ join: z.array(simple).min(1).max(8), with: z.string().max(8).default("") }),
    ]),
  ),
});

export type ModuleMapping = z.infer<typeof moduleMapping>;
export type FieldSource = ModuleMapping["fields"][string];

/** @throws SyncError INVALID_INPUT naming the file and the key */
export async function loadModuleMapping(file: string): Promise<ModuleMapping> {
  const content = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  try {
    return parseAs(moduleMapping, JSON.parse(content));
  } catch (cause) {
    const details = cause instanceof SyncError ? cause.details : {};
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SyncError("INVALID_INPUT", `The mapping ${file} is not valid: ${why}`, details, cause);
  }
}
