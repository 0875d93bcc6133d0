import { randomFillSync } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Room } from "../ports.ts";

const CHUNK_BYTES = 1024 * 1024;

/** The disk under a till's database; its reserve is `FILE.reserve` beside it. */
export function diskRoom(database: string): Room {
  const file = `${database}.reserve`;
  const reserveBytes = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    freeBytes: () => {
      try {
        const { bavail, bsize } = statfsSync(dirname(database));
        return bavail * bsize;
      } catch {
        return null; // a system without it: the till hears of a full disk when it is full
      }
    },
    reserveBytes,
    fill: (bytes) => fill(file, reserveBytes(), bytes),
    release: (toBytes) => {
      try {
        if (reserveBytes() > toBytes) truncateSync(file, toBytes);
        if (toBytes === 0) rmSync(file, { force: true });
      } catch {
        // A disk that cannot even shorten a file gives nothing back; what failed before is told.
      }
    },
  };
}

/** With chance instead of zeros: a file system that packs would give no blocks for those. */
function fill(file: string, from: number, to: number): void {
  const handle = openSync(file, "a", 0o600);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = from; at < to; ) at += writeSync(handle, randomFillSync(chunk), 0, Math.min(CHUNK_BYTES, to - at));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
