import type { PageImages } from "./page-images.ts";

export type Cell = string | number | Buffer | null;

/** One row of some table, as the pages have it. */
export interface StoredRow {
  readonly rowid: number;
  readonly cells: readonly Cell[];
}

const LEAF_OF_A_TABLE = 0x0d;

/** Every row that can be read from any page: which table it is of, only its shape tells. What cannot be read is left out. */
export function* tableRows(pages: PageImages): Generator<StoredRow> {
  for (const { number, bytes } of pages.all) {
    const header = number === 1 ? 100 : 0;
    if (bytes[header] !== LEAF_OF_A_TABLE) continue;
    const count = bytes.readUInt16BE(header + 3);
    for (let index = 0; index < count && header + 10 + index * 2 <= bytes.length; index++) {
      try {
        yield rowAt(pages, bytes, bytes.readUInt16BE(header + 8 + index * 2));
      } catch {
        // A cell that leads outside of its page, or into a chain that is broken: its row is missing in what is found.
      }
    }
  }
}

function rowAt(pages: PageImages, page: Buffer, at: number): StoredRow {
  const reader = new Reader(page, at);
  const length = reader.varint();
  const rowid = reader.varint();
  return { rowid, cells: cellsOf(payloadOf(pages, page, reader.at, length)) };
}

/** The bytes of a row; what does not fit on its page lies in a chain of others (SQLite file format, section 1.5). */
function payloadOf(pages: PageImages, page: Buffer, at: number, length: number): Buffer {
  const usable = pages.pageBytes;
  if (length > 64 * 1024 * 1024) throw new RangeError("no row of ours is that long");
  if (length <= usable - 35) return slice(page, at, length);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const most = least + ((length - least) % (usable - 4));
  const here = most <= usable - 35 ? most : least;
  const parts = [slice(page, at, here)];
  let next = page.readUInt32BE(at + here);
  for (let left = length - here; left > 0; ) {
    const more = pages.page(next);
    if (more === undefined) throw new RangeError("the chain ends early");
    const bytes = Math.min(left, usable - 4);
    parts.push(slice(more, 4, bytes));
    next = more.readUInt32BE(0);
    left -= bytes;
  }
  return Buffer.concat(parts);
}

function cellsOf(payload: Buffer): Cell[] {
  const reader = new Reader(payload, 0);
  const headerEnd = reader.varint();
  const types: number[] = [];
  while (reader.at < headerEnd) types.push(reader.varint());
  let at = headerEnd;
  return types.map((type) => {
    const [cell, bytes] = cellAt(payload, at, type);
    at += bytes;
    return cell;
  });
}

const WHOLE_NUMBERS = [0, 1, 2, 3, 4, 6, 8];

function cellAt(payload: Buffer, at: number, type: number): [Cell, number] {
  if (type === 0) return [null, 0];
  if (type === 8 || type === 9) return [type - 8, 0];
  if (type === 7) return [payload.readDoubleBE(at), 8];
  const bytes = type < 7 ? (WHOLE_NUMBERS[type] ?? 0) : type >= 12 ? (type - 12 - (type % 2)) / 2 : -1;
  if (bytes < 0) throw new RangeError("no such type");
  const part = slice(payload, at, bytes);
  if (type >= 12) return [type % 2 === 1 ? part.toString("utf8") : part, bytes];
  return [bytes === 8 ? Number(part.readBigInt64BE(0)) : part.readIntBE(0, bytes), bytes];
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at < 0 || length < 0 || at + length > bytes.length) throw new RangeError("outside of the page");
  return bytes.subarray(at, at + length);
}

class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** SQLite's: seven bits a byte, the highest first; positions of ours stay below 2^53. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < 9; index++) {
      const byte = this.#bytes.readUInt8(this.at++);
      if (index === 8) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value;
  }
}
