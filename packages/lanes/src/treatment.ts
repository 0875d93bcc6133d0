import type { ErrorCode } from "@tillsync/protocol";

/** What one attempt, or one probe, showed of the way to a target. */
export type Observation =
  /** It answered as it should. */
  | "proper"
  /** Something answered, but with an error, with somebody else's page, or slowly. */
  | "troubled"
  /** Nothing answered in time. */
  | "silent";

/** What a lane does after a failed attempt. Whatever it is, nothing is deleted and nothing gives up. */
export interface Treatment {
  /**
   * `burst`: at once, then 1, 2, 4, 8, 16 s, then the slow period. `throttled`: the same without the retry at once.
   * `pause`: the slow period from the first time on, since no hurry helps. `split`: half of the batch at once.
   * `halt`: not before a person or recovery acts.
   */
  readonly wait: "burst" | "throttled" | "pause" | "split" | "halt";
  /** A smaller batch may get past it: too large, too slow, cut off, or one change in it that a bug cannot digest. */
  readonly shrinks: boolean;
  readonly shows: Observation;
}

const OTHERWISE: Treatment = { wait: "burst", shrinks: false, shows: "troubled" };
const CUT_OFF: Treatment = { wait: "burst", shrinks: true, shows: "silent" };
const MAYBE_A_BAD_BATCH: Treatment = { wait: "burst", shrinks: true, shows: "troubled" };
const THROTTLED: Treatment = { wait: "throttled", shrinks: false, shows: "troubled" };
/** Somebody has to act. Until then each attempt repeats as little as possible. */
const PAUSED: Treatment = { wait: "pause", shrinks: true, shows: "troubled" };

/** The one table of how a lane takes a failure; a code that is not in it is retried like any other. */
const TREATMENTS: Partial<Record<ErrorCode, Treatment>> = {
  UNREACHABLE: CUT_OFF,
  TIMED_OUT: CUT_OFF,
  NOT_AN_ANSWER: MAYBE_A_BAD_BATCH,
  INTERNAL: MAYBE_A_BAD_BATCH,
  INVALID_INPUT: MAYBE_A_BAD_BATCH,
  INVALID_JSON: MAYBE_A_BAD_BATCH,
  TOO_MANY_REQUESTS: THROTTLED,
  UNAVAILABLE: THROTTLED,
  UNAUTHENTICATED: PAUSED,
  TERMINAL_UNKNOWN: PAUSED,
  GRANT_REFUSED: PAUSED,
  FORBIDDEN: PAUSED,
  PROTOCOL_VERSION: PAUSED,
  UPGRADE_REQUIRED: PAUSED,
  MODULE_DIFFERS: PAUSED,
  TOO_LARGE: { wait: "split", shrinks: true, shows: "proper" },
  /** The till has asked how the centre has its history, and was not told: it goes on asking. */
  FORK: { wait: "burst", shrinks: false, shows: "proper" },
};

export function treatmentOf(code: ErrorCode): Treatment {
  return TREATMENTS[code] ?? OTHERWISE;
}
