import { ERASED } from "@tillsync/protocol";
import { type Body, entryOf } from "../export/entry-of.ts";
import { writeOut } from "../export/write-file.ts";
import { documentLine } from "../import/documents.ts";
import { type SalvagedChange, salvage } from "./salvage.ts";

export interface SalvageOptions {
  /** The damaged database. */
  readonly file: string;
  /** NDJSON; standard output when absent. */
  readonly output?: string | undefined;
  /** Only what head office has not acknowledged. */
  readonly unsent?: boolean | undefined;
  readonly personal?: boolean | undefined;
}

/** A change that a person has to look at, by its place. */
export interface Doubtful {
  readonly incarnation: string;
  readonly seq: number;
  readonly kind: string;
  readonly localId: string;
  readonly why: "damaged" | "unproven";
}

export interface SalvageReport {
  readonly terminal: string;
  readonly store: string;
  /** Changes whose bytes give their hash. */
  readonly intact: number;
  /** Old changes whose content only head office has. */
  readonly retired: number;
  /** Documents written. */
  readonly documents: number;
  readonly doubtful: readonly Doubtful[];
  readonly missing: readonly { readonly incarnation: string; readonly seq: number }[];
}

/** Writes the documents of a damaged database whose bytes are proven, as `tillsync import` takes them. */
export async function writeSalvage(options: SalvageOptions): Promise<SalvageReport> {
  const found = salvage(options.file);
  let documents = 0;
  const lines = function* (): Generator<string> {
    for (const change of found.changes) {
      const line = lineOf(change, found.shortId, options);
      if (line === undefined) continue;
      documents++;
      yield `${line}\n`;
    }
  };
  await writeOut(lines(), options.output);
  return {
    terminal: found.shortId,
    store: found.store,
    intact: found.changes.filter(({ condition }) => condition === "intact").length,
    retired: found.changes.filter(({ condition }) => condition === "retired").length,
    documents,
    doubtful: found.changes.flatMap(({ condition: why, incarnation, seq, kind, localId }) =>
      why === "intact" || why === "retired" ? [] : [{ incarnation, seq, kind, localId, why }],
    ),
    missing: found.missing,
  };
}

function lineOf(change: SalvagedChange, terminal: string, { unsent = false, personal = true }: SalvageOptions) {
  if (change.condition !== "intact" || (unsent && change.atHeadOffice)) return undefined;
  const secret = change.private === null || change.private === ERASED || !personal ? undefined : change.private;
  const fields = secret === undefined ? undefined : (JSON.parse(secret) as { fields: Record<string, string> }).fields;
  const entry = entryOf(change.kind, JSON.parse(change.body) as Body, fields)?.entry;
  return entry === undefined ? undefined : documentLine({ ...entry, terminal });
}
