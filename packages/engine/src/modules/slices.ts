import type { Clock, Sql } from "../ports.ts";

/**
 * How long one transaction with reference data may work before it commits. A sale that comes meanwhile waits for it, its
 * commit and little else; less would be spent on beginnings and ends.
 */
export const SLICE_MS = 10;

/** Rows between two looks at the clock: well under a millisecond. */
const LOOK_EVERY = 16;

export interface SliceDesk {
  readonly clock: Clock;
  readonly commit: (fn: (tx: Sql) => void) => void;
  /** Gives up when the till closes. */
  readonly signal: AbortSignal;
}

/**
 * Does work a transaction at a time, and lets everything else have its turn between two of them. `step` does one small
 * piece and says whether there is more; `seal` ends each transaction with how far it came.
 */
export async function inSlices(
  { clock, commit, signal }: SliceDesk,
  work: (tx: Sql) => { readonly step: () => boolean; readonly seal: (isLast: boolean) => void },
): Promise<void> {
  for (let more = true; more; ) {
    signal.throwIfAborted();
    commit((tx) => {
      const { step, seal } = work(tx);
      const untilMs = clock.monotonicMs() + SLICE_MS;
      for (let done = 1; ; done++) {
        more = step();
        if (!more || (done % LOOK_EVERY === 0 && clock.monotonicMs() >= untilMs)) break;
      }
      seal(!more);
    });
    if (more) await breathe(clock);
  }
}

function breathe(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(0, resolve);
  });
}
