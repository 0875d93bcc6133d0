/** Bytes of a segment of PostgreSQL's write-ahead log, as initdb makes it. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

/** Segments in 4 GiB of the log: the middle part of a segment's name counts those. */
const SEGMENTS = 0x1_0000_0000 / SEGMENT_BYTES;

export interface Segment {
  readonly timeline: number;
  /** Counts from the beginning of the log. */
  readonly number: number;
}

/** Position in the log as bytes, from PostgreSQL's `1A/2B3C4D5E`. */
export function bytesOf(lsn: string): bigint {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn);
  if (match === null) throw new RangeError(`${lsn} is no position in the write-ahead log`);
  return (BigInt(`0x${match[1]}`) << 32n) + BigInt(`0x${match[2]}`);
}

export function segmentAt(timeline: number, lsn: string): Segment {
  return { timeline, number: Number(bytesOf(lsn) / BigInt(SEGMENT_BYTES)) };
}

/** Position of a segment's first byte, as PostgreSQL writes it. */
export function beginOf({ number }: Segment): string {
  const at = BigInt(number) * BigInt(SEGMENT_BYTES);
  return `${(at >> 32n).toString(16)}/${(at & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

export function nameOf({ timeline, number }: Segment): string {
  return [timeline, Math.floor(number / SEGMENTS), number % SEGMENTS].map(hex).join("");
}

/** Undefined for a file of another kind. */
export function segmentOf(name: string): (Segment & { readonly isPartial: boolean }) | undefined {
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?$/.exec(name);
  if (match === null) return undefined;
  const [timeline = 0, high = 0, low = 0] = match.slice(1, 4).map((part) => Number.parseInt(part, 16));
  return { timeline, number: high * SEGMENTS + low, isPartial: match[4] !== undefined };
}

export function isHistory(name: string): boolean {
  return /^[0-9A-F]{8}\.history$/.test(name);
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}
