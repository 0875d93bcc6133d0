import { existsSync, readFileSync } from "node:fs";

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const DEFAULT_PAGE_BYTES = 4096;

/** Every version of every page that was committed, straight from the files, whatever state they are in. */
export interface PageImages {
  readonly pageBytes: number;
  /** Oldest first: the database file, then the log up to its last commit. */
  readonly all: readonly { readonly number: number; readonly bytes: Buffer }[];
  /** The newest version of one page. */
  page(number: number): Buffer | undefined;
}

/**
 * Reads a till's database as bytes. SQLite is not asked: it refuses a file whose first page is damaged, and stops at the
 * first broken page of a table.
 */
export function readPages(file: string): PageImages {
  const database = readFileSync(file);
  const wal = existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : Buffer.alloc(0);
  const pageBytes = pageSizeOf(database);
  const all: { number: number; bytes: Buffer }[] = [];
  for (let at = 0; at + pageBytes <= database.length; at += pageBytes)
    all.push({ number: at / pageBytes + 1, bytes: database.subarray(at, at + pageBytes) });
  all.push(...committedFrames(wal, pageBytes));
  const newest = new Map(all.map(({ number, bytes }) => [number, bytes]));
  return { pageBytes, all, page: (number) => newest.get(number) };
}

function pageSizeOf(database: Buffer): number {
  const said = database.length >= 18 ? database.readUInt16BE(16) : 0;
  const bytes = said === 1 ? 65_536 : said;
  return bytes >= 512 && (bytes & (bytes - 1)) === 0 ? bytes : DEFAULT_PAGE_BYTES;
}

/** What a transaction wrote that never committed was told to nobody as sold, so it stays out. */
function committedFrames(wal: Buffer, pageBytes: number): { number: number; bytes: Buffer }[] {
  const frames: { number: number; bytes: Buffer }[] = [];
  let committed = 0;
  for (let at = WAL_HEADER; at + FRAME_HEADER + pageBytes <= wal.length; at += FRAME_HEADER + pageBytes) {
    // Frames of an earlier round of the log carry another salt.
    if (!wal.subarray(at + 8, at + 16).equals(wal.subarray(16, 24))) break;
    frames.push({
      number: wal.readUInt32BE(at),
      bytes: wal.subarray(at + FRAME_HEADER, at + FRAME_HEADER + pageBytes),
    });
    if (wal.readUInt32BE(at + 4) !== 0) committed = frames.length;
  }
  return frames.slice(0, committed);
}
