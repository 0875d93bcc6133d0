import { join } from "node:path";
import { openTerminal, type Terminal } from "@tillsync/engine";
import { readOnly } from "@tillsync/engine/sqlite";
import { startTerminalHttp } from "@tillsync/terminal";
import { onTestFinished } from "vitest";
import { type ExportOptions, exportDocuments } from "../../export/export.ts";
import { type ImportSource, readDocuments } from "../../import/read-documents.ts";
import { type Progress, recordAll } from "../../import/record.ts";
import { temporaryFile, temporaryFolder } from "../../import/testing/temporary-file.ts";

/** A till with a database of its own and its local API, as a process of it would be. */
export interface TillOnDisk {
  readonly file: string;
  readonly shortId: string;
  readonly terminal: Terminal;
  readonly url: string;
}

let made = 0;

export async function openTill(options: { shortId?: string; currency?: string } = {}): Promise<TillOnDisk> {
  const { shortId = "T01", currency = "KES" } = options;
  const file = join(await temporaryFolder(), "till.db");
  made += 1;
  const terminal = openTerminal({
    file,
    terminal: `0198c0de-0000-7000-8000-${String(made).padStart(12, "0")}`,
    shortId,
    store: "STORE001",
    currency,
    // Nothing listens there: selling does not need head office.
    central: { url: "http://127.0.0.1:9", key: "none" },
  });
  const http = await startTerminalHttp({ terminal, port: 0 });
  onTestFinished(async () => {
    await http.close();
    await terminal.close();
  });
  return { file, shortId, terminal, url: http.url };
}

/** What `tillsync import` does, through these tills. */
export function importInto(source: ImportSource, ...tills: readonly TillOnDisk[]): Promise<Progress> {
  return recordAll(
    readDocuments(source),
    tills.map(({ url, shortId }) => ({ url, shortId })),
  );
}

/** What `tillsync export` writes for these tills: the file and its text. */
export async function exported(tills: readonly TillOnDisk[], options: Partial<ExportOptions> = {}) {
  const output = await temporaryFile("export.xml", "");
  const files = tills.map(({ file }) => file);
  const summary = await exportDocuments({ files, format: "poslog", ...options, output });
  return { file: output, summary };
}

/** A change less what is of one till's own making: ids of the change, places and hashes. */
export interface Fact {
  readonly kind: string;
  readonly localId: string;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly shiftId?: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly personal: unknown;
}

const OF_THE_CHAIN = ["openSeq", "closeSeq", "chainHead"];

/** Every change of a till's journal, in order, as far as an import can repeat it. */
export function factsOf({ file }: TillOnDisk): Fact[] {
  const db = readOnly(file);
  try {
    return db
      .all<{ body: string; private: string | null }>("SELECT body, private FROM journal ORDER BY position")
      .map((row) => {
        const { changeId: _id, private: _hash, version: _version, payload, ...body } = JSON.parse(row.body);
        const kept = Object.entries(payload).filter(([field]) => !OF_THE_CHAIN.includes(field));
        const personal = row.private === null ? null : JSON.parse(row.private).fields;
        return { ...body, payload: Object.fromEntries(kept), personal };
      });
  } finally {
    db.close();
  }
}
