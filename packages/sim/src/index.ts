export type { Violation } from "./chronicle.ts";
export { runConvergence } from "./convergence/convergence.ts";
export { FAULTS, type FaultName } from "./faults.ts";
export { runSchedule, type ScheduleOptions, type ScheduleResult } from "./schedule/schedule.ts";
export { runSchedules, type SchedulesOptions, type SchedulesReport } from "./schedule/schedules.ts";
export { type SimulateOptions, type SimulationReport, simulate } from "./simulate.ts";
export { findVariant, VARIANTS } from "./variants/index.ts";
export { PRODUCT, type Variant } from "./variants/variant.ts";
export { type RunOptions, type RunResult, runSeed } from "./world.ts";
