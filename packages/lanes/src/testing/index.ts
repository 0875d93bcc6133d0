export { FATES, FarEnd, type FarEndOptions, type Fate, type Parcel } from "./far-end.ts";
export { LaneClock } from "./lane-clock.ts";
export { MemoryItems } from "./memory-items.ts";
export { type Parts, runSchedule, STEPS } from "./schedule.ts";
