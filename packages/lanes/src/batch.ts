/** How large the next batch may be. */
export interface BatchSize {
  readonly changes: number;
  readonly bytes: number;
}

/** Where every lane starts: large enough to drain fast, small enough that a lost answer is cheap to repeat. */
export const FIRST_BATCH: BatchSize = { changes: 250, bytes: 256 * 1024 };

/** An answer came: the next batch may be twice as large, up to what the destination takes. */
export function grown(size: BatchSize, limit: BatchSize): BatchSize {
  return { changes: Math.min(size.changes * 2, limit.changes), bytes: Math.min(size.bytes * 2, limit.bytes) };
}

/** Too large, too slow or cut off: half, down to a single change, which is always tried. */
export function shrunk(size: BatchSize): BatchSize {
  return { changes: Math.max(1, size.changes >> 1), bytes: Math.max(1024, size.bytes >> 1) };
}
