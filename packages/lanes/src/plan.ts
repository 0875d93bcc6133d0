/**
 * What a control loop needs to know of one lane. All times are on the monotonic clock.
 *
 * ```
 *            something to send, or due             answer
 *   settled ---------------------------> sending ----------> settled | pending
 *      ^                                    | failure
 *      |            due time passed         v
 *      +--------------- sending <------- retrying          (for ever: nothing gives up)
 *                                           | an answer that only a person can act on
 *                                           v
 *                                         halted            (nothing is deleted)
 * ```
 */
export interface LaneView {
  readonly name: string;
  /** Lower goes first when several are due. */
  readonly priority: number;
  readonly pending: number;
  readonly sending: boolean;
  readonly halted: boolean;
  /** Not before this moment, whatever waits; after it, act even when nothing waits (an idle lane asks for news). */
  readonly dueAtMs: number;
  /** Somebody asked for everything now: `dueAtMs` does not count, a halt does. */
  readonly flush: boolean;
}

export type Plan =
  | { readonly act: "send"; readonly lane: string }
  | { readonly act: "wait"; readonly forMs: number }
  | { readonly act: "rest" };

/** The longest sleep: a missed wake-up costs at most this, and a clock that stood still is noticed. */
export const MAX_WAIT_MS = 60_000;

/**
 * The next thing to do. Pure: the same lanes and moment give the same plan.
 *
 * Sends the due lane of highest priority; otherwise waits for the earliest due time; rests only when every lane is
 * halted or already sending (its answer wakes the loop).
 */
export function plan(lanes: readonly LaneView[], nowMs: number): Plan {
  let next: LaneView | undefined;
  let earliest = Number.POSITIVE_INFINITY;
  for (const lane of lanes) {
    if (lane.halted || lane.sending) continue;
    if (lane.flush || lane.dueAtMs <= nowMs) {
      if (next === undefined || lane.priority < next.priority) next = lane;
    } else {
      earliest = Math.min(earliest, lane.dueAtMs);
    }
  }
  if (next !== undefined) return { act: "send", lane: next.name };
  if (earliest === Number.POSITIVE_INFINITY) return { act: "rest" };
  return { act: "wait", forMs: Math.min(earliest - nowMs, MAX_WAIT_MS) };
}
