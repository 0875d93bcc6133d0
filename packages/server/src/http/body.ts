import { promisify } from "node:util";
import { constants, gunzip, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { LIMITS, type ScanOptions, SyncError, scanJson } from "@tillsync/protocol";
import { DOOR } from "./door-limits.ts";
import { FairGate } from "./fair-gate.ts";

/**
 * A zstd frame may name a window of up to 128 MiB, which is allocated before one byte comes out. 8 MiB (2^23) is what
 * compression levels up to 19 use, and as much as a whole request may hold.
 */
const ZSTD_WINDOW_LOG = 23;

/**
 * A batch of a thousand sales is unpacked at once, in a millisecond: a thread that has to be woken for every piece of it
 * costs several times the work. What turns out larger than this goes to a thread after all.
 */
const SMALL_PACKED_BYTES = 256 * 1024;
const SMALL_BYTES = 2 * 1024 * 1024;

/** Sales unpack to some ten times their size: the room is taken in one piece, so that nothing has to be put together. */
const TIMES_UNPACKED = 16;
const MIN_PIECE_BYTES = 16 * 1024;

const unpack = {
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
} as const;

/** What a parsed value takes, its place in an object or list included. */
const VALUE_BYTES = 48;

/** In memory at a time, while nobody knows yet what comes out: so many times the largest body. */
const unpacking = new FairGate({
  maxRunning: DOOR.maxUnpacking,
  maxRunningPerShare: DOOR.maxUnpacking,
  maxWaiting: DOOR.maxConnections,
  maxWaitingPerShare: DOOR.maxConnections,
});

export interface ReadOptions extends ScanOptions {
  /** Told how many bytes came out, and will come of the parser; throws when there is no room for them. */
  readonly takeMemory?: (bytes: number) => void;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of a JSON request body.
 *
 * @param bytes as they came over the wire, at most `LIMITS.maxWireBytes` (the listener has seen to it)
 * @param encoding the request's `content-encoding`
 * @param takeMemory see `ReadOptions`
 * @throws SyncError UNSUPPORTED_ENCODING; TOO_LARGE when it unpacks to more than `LIMITS.maxRequestBytes`; INVALID_JSON
 */
export async function readJson(
  bytes: Buffer,
  encoding: string | undefined,
  takeMemory?: (bytes: number) => void,
): Promise<unknown> {
  const text = await readText(bytes, encoding, takeMemory === undefined ? {} : { takeMemory });
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: V8's message quotes the body.
    throw new SyncError("INVALID_JSON", "The body is not JSON.", { field: "body", expected: "JSON" });
  }
}

/**
 * The text of a JSON request body, unpacked, strictly decoded and scanned, for a route that reads its numbers as text. It
 * is within every limit, but not yet known to be JSON.
 *
 * @throws SyncError UNSUPPORTED_ENCODING, TOO_LARGE, INVALID_JSON
 */
export async function readText(
  bytes: Buffer,
  encoding: string | undefined,
  { takeMemory = () => {}, ...scanning }: ReadOptions = {},
): Promise<string> {
  const leave = await unpacking.enter("");
  if (leave === undefined) throw new SyncError("UNAVAILABLE", "Too many bodies wait to be read.", { part: "server" });
  try {
    const plain = await unpacked(bytes, encoding);
    if (plain !== bytes) takeMemory(plain.length);
    const text = decode(plain);
    takeMemory(scanJson(text, scanning) * VALUE_BYTES);
    return text;
  } finally {
    leave();
  }
}

async function unpacked(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  const name = (encoding ?? "identity").trim().toLowerCase();
  if (name === "identity" || name === "") return withinLimit(bytes);
  if (name !== "gzip" && name !== "zstd") {
    const message = `content-encoding must be zstd, gzip or identity; got ${JSON.stringify(name.slice(0, 40))}.`;
    throw new SyncError("UNSUPPORTED_ENCODING", message, {
      field: "content-encoding",
      expected: "zstd, gzip or identity",
    });
  }
  try {
    const limit = { maxOutputLength: LIMITS.maxRequestBytes };
    if (name === "gzip") return await unpack.gzip(bytes, limit);
    const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
    return unpackedSmall(bytes, params) ?? (await unpack.zstd(bytes, { ...limit, params, chunkSize: SMALL_BYTES }));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    if (code === "ZSTD_error_frameParameter_windowTooLarge") {
      const message = `A zstd frame may ask for a window of ${2 ** ZSTD_WINDOW_LOG} bytes at most; compress at level 19 or below.`;
      throw new SyncError("UNSUPPORTED_ENCODING", message, { field: "content-encoding" }, cause);
    }
    throw new SyncError(
      "INVALID_JSON",
      `The body could not be unpacked as ${name}.`,
      { field: "content-encoding", got: name },
      cause,
    );
  }
}

/** Undefined for what is not small; what is wrong with it is then told by whoever unpacks it. */
function unpackedSmall(bytes: Buffer, params: Record<number, number>): Buffer | undefined {
  if (bytes.length > SMALL_PACKED_BYTES) return undefined;
  const chunkSize = Math.min(SMALL_BYTES, Math.max(MIN_PIECE_BYTES, bytes.length * TIMES_UNPACKED));
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: SMALL_BYTES, params, chunkSize });
  } catch {
    return undefined;
  }
}

function withinLimit(bytes: Buffer): Buffer {
  if (bytes.length > LIMITS.maxRequestBytes) throw tooLarge();
  return bytes;
}

function tooLarge(): SyncError {
  const message = `A request may hold ${LIMITS.maxRequestBytes} bytes when unpacked; send fewer changes at a time.`;
  return new SyncError("TOO_LARGE", message, { field: "body", expected: `at most ${LIMITS.maxRequestBytes} bytes` });
}

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    // Replacing the bytes by U+FFFD instead would change what a till has signed with its chain.
    throw new SyncError("INVALID_JSON", "The body is not UTF-8.", { field: "body", expected: "UTF-8" }, cause);
  }
}
