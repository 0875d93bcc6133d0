import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { SyncError } from "@tillsync/protocol";

/**
 * Writes a text to a file, packed when its name ends in `.gz`, or to standard output when there is none. The file is there
 * whole or not at all: it is written beside its place and moved there at the end. Only its owner may read it, for what it
 * says of customers.
 *
 * @throws SyncError DATA_DIR_NOT_WRITABLE when the file cannot be written
 */
export async function writeOut(texts: Iterable<string>, file: string | undefined): Promise<void> {
  if (file === undefined) {
    await pipeline(Readable.from(texts), process.stdout, { end: false });
    return;
  }
  const unfinished = `${file}.unfinished`;
  const packing = file.endsWith(".gz") ? [createGzip()] : [];
  try {
    const out = (await open(unfinished, "w", 0o600)).createWriteStream();
    await pipeline([Readable.from(texts), ...packing, out]);
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (cause instanceof SyncError || !/^E[A-Z]+$/.test(code)) throw cause;
    throw new SyncError(
      "DATA_DIR_NOT_WRITABLE",
      `${file} cannot be written (${code}).`,
      { field: "output", file },
      cause,
    );
  }
}
