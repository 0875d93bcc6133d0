import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { KeptLane } from "@tillsync/connectors/backup";
import { parseAs } from "@tillsync/protocol";
import { z } from "zod";

const LANE_FILE = "lane.json";

const backup = z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string(), takenAt: z.iso.datetime() });
const kept = z.strictObject({
  waiting: backup.extend({ file: z.string() }).nullable(),
  sent: backup.extend({ wholeAt: z.number() }).nullable(),
  failures: z.int().min(0),
  lastAttemptAt: z.number().nullable(),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
});

const NOTHING: KeptLane = { waiting: null, sent: null, failures: 0, lastAttemptAt: null, error: null };

/**
 * Where the lane stood when it last wrote it down. It is not in the till's database: a restored till must not believe that
 * its new disk holds backups. What cannot be read is forgotten: the lane then takes a backup, which is what it is for.
 */
export function readLaneFile(folder: string): KeptLane {
  const file = join(folder, LANE_FILE);
  if (!existsSync(file)) return NOTHING;
  try {
    const found: KeptLane = parseAs(kept, JSON.parse(readFileSync(file, "utf8")));
    return found.waiting !== null && !existsSync(found.waiting.file) ? { ...found, waiting: null } : found;
  } catch {
    return NOTHING;
  }
}

export function writeLaneFile(folder: string, state: KeptLane): void {
  const file = join(folder, LANE_FILE);
  const handle = openSync(`${file}.part`, "w", 0o600);
  try {
    writeSync(handle, `${JSON.stringify(state)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.part`, file);
}
