/** When a field was written, as the centre counts it, and at which place: no two writes have the same. */
export interface Stamp {
  /** Milliseconds since 1970. */
  readonly effectiveAtMs: number;
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
}

/** Negative when `one` is earlier. Ties go by terminal, incarnation and seq, so that everybody sees the same winner. */
export function compareStamps(one: Stamp, other: Stamp): number {
  return (
    one.effectiveAtMs - other.effectiveAtMs ||
    compareTexts(one.terminal, other.terminal) ||
    compareTexts(one.incarnation, other.incarnation) ||
    one.seq - other.seq
  );
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * When a change counts as made, milliseconds since 1970: as its till says, corrected by how far the till had last measured
 * the centre's clock ahead of its own, and never later than the centre received it. A till whose clock is a day ahead
 * cannot win against everybody until tomorrow.
 */
export function effectiveAtMs(change: {
  readonly occurredAtMs: number;
  readonly clockOffsetMs?: number | undefined;
  readonly receivedAtMs: number;
}): number {
  return Math.min(change.occurredAtMs + (change.clockOffsetMs ?? 0), change.receivedAtMs);
}

/**
 * The offset that a change carries so that it counts as later than what its author knew: as measured, or as much more as is
 * needed. Whoever saw a value and replaced it never loses to it, however wrong the clocks are.
 */
export function offsetBehind(
  knownMs: number | undefined,
  change: { readonly occurredAtMs: number; readonly clockOffsetMs?: number | undefined },
): number | undefined {
  const { occurredAtMs, clockOffsetMs } = change;
  if (knownMs === undefined || occurredAtMs + (clockOffsetMs ?? 0) > knownMs) return clockOffsetMs;
  return knownMs + 1 - occurredAtMs;
}
