import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { flushFolder } from "../embedded/data-folder.ts";
import { isHistory, nameOf, SEGMENT_BYTES, segmentOf } from "./wal-files.ts";

interface End {
  /** Name of the segment that is being written. */
  readonly segment: string;
  /** How far it is safe on the disk, bytes from its beginning. */
  readonly bytes: number;
}

const END = `SELECT pg_walfile_name(lsn) AS segment, ((lsn - '0/0'::pg_lsn) % ${SEGMENT_BYTES})::integer AS bytes
  FROM (SELECT pg_current_wal_flush_lsn() AS lsn) l`;

const CHUNK = 1024 * 1024;

/**
 * Copies a cluster's write-ahead log to a folder, up to where PostgreSQL has flushed it: whole segments under their names,
 * the one that is being written as `.partial`, which grows. Whoever reads the folder at any moment finds each segment whole,
 * or its beginning.
 */
export class WalCopier {
  readonly #from: string;
  readonly #to: string;
  /** Segments that this process knows to be there. */
  readonly #whole = new Set<string>();
  /** How much of the segment that is being written is copied. */
  #partial: { readonly name: string; readonly bytes: number } | undefined;

  constructor(clusterDir: string, to: string) {
    this.#from = join(clusterDir, "pg_wal");
    this.#to = to;
  }

  /**
   * Copies what is new, from `first` on where that is given. @returns the name of the segment that is being written: what is
   * before it is not needed any more
   */
  async copyNews(client: Pick<pg.ClientBase, "query">, first?: string): Promise<string> {
    const { rows } = await client.query<End>(END);
    const [end] = rows;
    if (end === undefined) throw new Error("PostgreSQL does not say how far its log is");
    for (const name of readdirSync(this.#from).sort()) {
      if (isHistory(name)) this.#copyWhole(name);
      const segment = segmentOf(name);
      // Segments behind the present one are made ahead of time and hold nothing yet.
      if (segment === undefined || segment.isPartial || name >= end.segment) continue;
      if (first === undefined || name >= first) this.#copyWhole(name);
    }
    this.#copyPart(end);
    return end.segment;
  }

  #copyWhole(name: string): void {
    const target = join(this.#to, name);
    if (this.#whole.has(name)) return;
    if (existsSync(target)) refuseOther(join(this.#from, name), target);
    else this.#copyNew(name, target);
    this.#whole.add(name);
  }

  #copyNew(name: string, target: string): void {
    const temporary = join(this.#to, `${randomBytes(4).toString("hex")}.tmp`);
    copyRange(join(this.#from, name), temporary, 0, statSync(join(this.#from, name)).size);
    renameSync(temporary, target);
    rmSync(`${target}.partial`, { force: true });
    flushFolder(this.#to);
  }

  #copyPart({ segment, bytes }: End): void {
    const from = this.#partial?.name === segment ? this.#partial.bytes : 0;
    if (bytes <= from) return;
    copyRange(join(this.#from, segment), join(this.#to, `${segment}.partial`), from, bytes);
    this.#partial = { name: segment, bytes };
  }
}

/** Copies bytes `from` to `to` of a file to the same place of another, and flushes them. */
function copyRange(source: string, target: string, from: number, to: number): void {
  const input = openSync(source, "r");
  // Never cut short: another process may be copying the same bytes to the same place.
  const output = openSync(target, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const chunk = Buffer.alloc(CHUNK);
    for (let at = from; at < to; ) {
      const read = readSync(input, chunk, 0, Math.min(CHUNK, to - at), at);
      if (read === 0) throw new Error(`${source} is shorter than PostgreSQL said`);
      for (let written = 0; written < read; )
        written += writeSync(output, chunk, written, read - written, at + written);
      at += read;
    }
    fsyncSync(output);
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

/** A segment that is there already is the same one, or the folder has the log of another database. */
function refuseOther(source: string, target: string): void {
  if (readFileSync(source).equals(readFileSync(target))) return;
  const message = `${target} is not the log of this database: its files were put back, or it is another one. Take another backup folder.`;
  throw new SyncError("BACKUP_UNUSABLE", message);
}

/** Names of segments from `first` to `last`, both included, of one timeline. */
export function segmentsBetween(timeline: number, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => nameOf({ timeline, number: first + index }));
}
