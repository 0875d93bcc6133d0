import { type ModuleName, type Scope, SyncError } from "@tillsync/protocol";
import type { SourceFormat } from "../import/read-documents.ts";
import { loadModuleMapping } from "../module-import/module-mapping.ts";
import { sendRows } from "../module-import/send-rows.ts";
import { outputOf } from "../output.ts";
import { adminDoor, DEMO_DATA_DIR } from "../targets.ts";

export interface ImportModuleOptions {
  readonly module: ModuleName;
  readonly scope?: Scope;
  readonly mapping?: string;
  readonly format?: SourceFormat;
  readonly dataDir?: string | undefined;
  readonly centre?: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** `tillsync import --module`: a file of rows, all of it or nothing, to head office. */
export async function importModule(file: string, options: ImportModuleOptions): Promise<void> {
  const { module, scope = "organization", format, centre, key, dataDir = DEMO_DATA_DIR } = options;
  const output = outputOf(options);
  if (format === "poslog") throw refuse("format", "csv or ndjson", format);
  const door = adminDoor({ dataDir, centre, key });
  if (door === undefined) {
    const message = "No admin key: give --centre and --key, or --data-dir of a demo.";
    throw new SyncError("CONFIG_INVALID", message, { field: "key" });
  }
  const mapping = options.mapping === undefined ? undefined : await loadModuleMapping(options.mapping);
  if (mapping !== undefined && mapping.module !== module) throw refuse("mapping", `one for ${module}`, mapping.module);
  const onProgress = (text: string) => output.progress(text);
  const answer = await sendRows(door, { module, scope, file, format, mapping, onProgress });
  output.value(answer);
  const { n, inserted, updated, deleted, unchanged, flagged, missingReferences } = answer;
  output.line(
    `${module} of the ${scope}, number ${n}: ${inserted} new, ${updated} changed, ${deleted} deleted, ${unchanged} as before.`,
  );
  if (flagged > 0) output.line(`${flagged} barcodes are no GTIN; they are kept and flagged.`);
  if (missingReferences > 0) output.line(`${missingReferences} rows name something that is not there; they are kept.`);
}

function refuse(field: string, expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `--${field} must be ${expected}; got ${got}.`, { field, expected, got });
}
