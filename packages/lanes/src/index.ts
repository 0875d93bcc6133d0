export { type Failure, isSlow, PACES, type Pace, type Profile, retryAfterDelayMs, retryDelayMs } from "./backoff.ts";
export { type BatchSize, FIRST_BATCH, grown, shrunk } from "./batch.ts";
export { BREAKER, type Breaker, type BreakerEvent } from "./breaker.ts";
export {
  CONNECTIVITY,
  type Connectivity,
  probeDelayMs,
  SILENT_AFTER_MS,
  SLOW_PROBE_MS,
  timely,
} from "./connectivity.ts";
export type { Destination } from "./destination.ts";
export {
  type Call,
  type Decision,
  delivered,
  discardedByPerson,
  enqueued,
  found,
  type ItemPhase,
  type ItemRules,
  type ItemState,
  intended,
  LOOK_UP_AFTER_MS,
  presumedUnknown,
  replied,
  retriedByPerson,
  type ShownState,
  type Step,
  shownState,
  stepOf,
} from "./item.ts";
export { ItemLane, type ItemLaneOptions, type LaneTime, type Progress } from "./item-lane.ts";
export type { ItemStore, NewItem, StoredItem } from "./item-store.ts";
export {
  answersAgain,
  begun,
  FRESH_LANE,
  failed,
  type LaneState,
  largestBatch,
  resumed,
  succeeded,
} from "./lane-state.ts";
export { type Found, MAX_REPLY_CHARACTERS, type Outcome, type Reply } from "./outcome.ts";
export { type LaneView, MAX_WAIT_MS, type Plan, plan } from "./plan.ts";
export { type Observation, type Treatment, treatmentOf } from "./treatment.ts";
export { NOBODY_PASSED, type Passed, SHARERS, type Sharer, type Turn, turnOf } from "./turn.ts";
export { STALLED_AFTER_MS, stallOf, WATCH_EVERY_MS, type Watched } from "./watch.ts";
