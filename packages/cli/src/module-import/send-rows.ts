import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline, Readable, Transform } from "node:stream";
import { createZstdCompress } from "node:zlib";
import { type ModuleName, type Scope, SyncError } from "@tillsync/protocol";
import { type Door, sendStream } from "../http-door.ts";
import { formatOf } from "../import/read-documents.ts";
import { fileError } from "../import/source-file.ts";
import { mappedRows } from "./mapped-rows.ts";
import type { ModuleMapping } from "./module-mapping.ts";

/** What head office says that an import did. */
export interface ImportAnswer {
  readonly module: ModuleName;
  readonly scope: Scope;
  readonly n: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly flagged: number;
  readonly missingReferences: number;
}

export interface ModuleImport {
  readonly module: ModuleName;
  readonly scope: Scope;
  readonly file: string;
  readonly format?: "csv" | "ndjson" | undefined;
  /** Makes rows of CSV whose columns have other names than the module's fields. */
  readonly mapping?: ModuleMapping | undefined;
  /** How far the file is sent, in percent, or rows with a mapping; called every now and then. */
  readonly onProgress?: (text: string) => void;
}

const TELL_EVERY_ROWS = 100_000;

/**
 * Sends a file to head office as one import, as a stream: NDJSON and CSV as they are, gzip as it is, a mapped file as the
 * rows that it makes.
 *
 * @throws SyncError with what head office refuses, by line and field; INVALID_INPUT for a file that cannot be read;
 *   UNREACHABLE when the connection breaks
 */
export async function sendRows(door: Door, wanted: ModuleImport): Promise<ImportAnswer> {
  const { body, type, encoding } = wanted.mapping === undefined ? await asItIs(wanted) : mapped(wanted, wanted.mapping);
  const path = `/api/admin/modules/${wanted.module}?scope=${wanted.scope}`;
  const headers = { "content-type": type, ...(encoding === undefined ? {} : { "content-encoding": encoding }) };
  let failure: unknown;
  body.once("error", (error) => {
    failure = error;
  });
  try {
    return await sendStream<ImportAnswer>(door, "PUT", path, body, headers);
  } catch (error) {
    // A connection that breaks destroys the body with its own error: only what is known of files is the file's.
    const told = fileError(wanted.file, failure);
    throw told instanceof SyncError ? told : brokenOff(error);
  }
}

/** Nobody knows whether head office had all of it; it may be sent as often as one likes. */
function brokenOff(error: unknown): unknown {
  if (!(error instanceof SyncError) || error.code !== "UNREACHABLE") return error;
  const message = `${error.message} The import counts as a whole or not at all: send the file again.`;
  return new SyncError(error.code, message, error.details, error.cause);
}

interface Sent {
  readonly body: Readable;
  readonly type: string;
  readonly encoding?: string;
}

async function asItIs({ file, format, onProgress }: ModuleImport): Promise<Sent> {
  const type = (format ?? (await formatOf(file))) === "ndjson" ? "application/x-ndjson" : "text/csv";
  const packed = await isGzip(file);
  const { size } = await stat(file);
  const body = pipeline(createReadStream(file), percentOf(size, onProgress), () => {});
  return { body, type, ...(packed ? { encoding: "gzip" } : {}) };
}

function mapped({ file, onProgress }: ModuleImport, mapping: ModuleMapping): Sent {
  const lines = Readable.from(linesOf(mappedRows(file, mapping), onProgress), { objectMode: false });
  const packer = createZstdCompress();
  // `pipeline` tells the packer of a failure of the file, and whoever sends is told by the packer.
  return { body: pipeline(lines, packer, () => {}), type: "application/x-ndjson", encoding: "zstd" };
}

const CHUNK_CHARACTERS = 64 * 1024;

async function* linesOf(rows: AsyncIterable<object>, onProgress: ModuleImport["onProgress"]): AsyncGenerator<string> {
  let text = "";
  let count = 0;
  for await (const row of rows) {
    text += `${JSON.stringify(row)}\n`;
    if (++count % TELL_EVERY_ROWS === 0) onProgress?.(`${count} rows`);
    if (text.length < CHUNK_CHARACTERS) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

/** Passes everything on, and tells each tenth of the file. */
function percentOf(size: number, onProgress: ModuleImport["onProgress"]): Transform {
  let [bytes, told] = [0, 0];
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      const tenth = Math.floor((bytes / Math.max(1, size)) * 10);
      if (tenth > told) onProgress?.(`${tenth * 10} % of the file sent`);
      told = Math.max(told, tenth);
      done(null, piece);
    },
  });
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const magic = Buffer.alloc(2);
    await handle.read(magic, 0, 2, 0);
    return magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    await handle.close();
  }
}
