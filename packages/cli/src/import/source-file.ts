import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { SyncError } from "@tillsync/protocol";

/** A line longer than this is none: a document of 10,000 lines takes under 2 MB. Bounds what a file can make us hold. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** One line of a file, without its end. `bytes` is absent when the line was longer than MAX_LINE_BYTES and was dropped. */
export interface Line {
  readonly line: number;
  readonly bytes: Buffer | undefined;
}

/**
 * The bytes of a file, unpacked when it is gzip: told by its first two bytes, so the name does not matter. Errors of the
 * file and of the packing come out of the stream as they are; `fileError` words them.
 */
export async function openSource(file: string): Promise<Readable> {
  const handle = await open(file).catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  const magic = Buffer.alloc(2);
  const { bytesRead } = await handle.read(magic, 0, 2, 0).catch(async (cause: unknown) => {
    await handle.close();
    throw fileError(file, cause);
  });
  await handle.close();
  const bytes = createReadStream(file);
  if (bytesRead < 2 || magic[0] !== 0x1f || magic[1] !== 0x8b) return bytes;
  // The callback is needed for errors to travel; the reader of the unpacked stream gets them.
  return pipeline(bytes, createGunzip(), () => {});
}

/** The lines of a file, one at a time; `\n` and `\r\n` end a line, the last one needs no end. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const source = await openSource(file);
  const pieces: Buffer[] = [];
  let held = 0;
  let line = 1;
  const take = (): Line => {
    const bytes = held > MAX_LINE_BYTES ? undefined : withoutReturn(Buffer.concat(pieces));
    pieces.length = 0;
    held = 0;
    return { line: line++, bytes };
  };
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        held += end - from;
        if (held <= MAX_LINE_BYTES) pieces.push(chunk.subarray(from, end));
        from = end + 1;
        yield take();
      }
      held += chunk.length - from;
      if (held <= MAX_LINE_BYTES) pieces.push(chunk.subarray(from));
      else pieces.length = 0;
    }
  } catch (cause) {
    throw fileError(file, cause);
  }
  if (held > 0) yield take();
}

/** What went wrong with a file, in a sentence. SyncErrors pass. */
export function fileError(file: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof SyncError) return cause;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const why = REASONS[code] ?? (code.startsWith("Z_") ? "its gzip packing is damaged" : undefined);
  if (why === undefined) return cause;
  return new SyncError(
    "INVALID_INPUT",
    `${file} cannot be read: ${why}.`,
    { field: "file", expected: "a readable file", got: code },
    cause,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
  EIO: "the disk gives an error",
  Z_BUF_ERROR: "it ends in the middle of its gzip packing",
};

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes;
}
