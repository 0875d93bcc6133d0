export { type Failure, PACES, type Pace, type Profile, retryDelayMs } from "./backoff.ts";
export { type BatchSize, FIRST_BATCH, grown, shrunk } from "./batch.ts";
export { type LaneView, MAX_WAIT_MS, type Plan, plan } from "./plan.ts";
