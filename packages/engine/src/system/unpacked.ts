import { zstdDecompressSync } from "node:zlib";
import { SyncError } from "@tillsync/protocol";

/** What the answers of the centre may be packed as. */
export const UNPACKS = { "accept-encoding": "zstd" } as const;

/**
 * The text of an answer, packed or not. At once, on this thread: the largest page of others' sales takes two milliseconds.
 *
 * @throws SyncError NOT_AN_ANSWER for what does not unpack, or to more than `maxBytes`
 */
export function unpacked(bytes: Buffer, encoding: unknown, maxBytes: number): string {
  if (encoding !== "zstd") return bytes.toString("utf8");
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: maxBytes }).toString("utf8");
  } catch (cause) {
    throw new SyncError("NOT_AN_ANSWER", "The answer does not unpack, or to far too much.", {}, cause);
  }
}
