import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Seen } from "./lineage.ts";

const line = z.strictObject({
  epoch: z.string(),
  system: z.string(),
  timeline: z.int(),
  lsn: z.string().regex(/^\d{1,20}$/),
});

/** What a server remembers of its database, outside of it; undefined when the file is missing or torn, which only lags. */
export function readWitness(file: string): Seen | undefined {
  try {
    const { lsn, ...rest } = line.parse(JSON.parse(readFileSync(file, "utf8")));
    return { ...rest, lsn: BigInt(lsn) };
  } catch {
    return undefined;
  }
}

/** Replaces the file whole or not at all. It may lag, and never leads: the position in it was on the disk before. */
export function writeWitness(file: string, { epoch, system, timeline, lsn }: Seen): void {
  const temporary = `${file}.new`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify({ epoch, system, timeline, lsn: lsn.toString() })}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}
