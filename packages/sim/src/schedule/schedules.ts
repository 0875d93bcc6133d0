import type { Variant } from "../variants/variant.ts";
import { runSchedule, type ScheduleResult } from "./schedule.ts";

export interface SchedulesOptions {
  readonly fromSeed: number;
  readonly count: number;
  readonly variant?: Variant | undefined;
  /** Called after each; a promise that it returns is waited for. */
  readonly onProgress?: ((result: ScheduleResult) => void | Promise<void>) | undefined;
}

export interface SchedulesReport {
  readonly schedules: number;
  /** Those with a queue that did not empty in time by itself. */
  readonly stuck: number;
  readonly tills: number;
  readonly outages: number;
  readonly kills: number;
  readonly clockJumps: number;
  readonly lostTimers: number;
  readonly simulatedDays: number;
  /** From the end of a trouble until a till was empty: half of them, 99 of 100, and all. */
  readonly drainedMsP50: number;
  readonly drainedMsP99: number;
  readonly drainedMsMost: number;
  /** The seeds that broke a promise. */
  readonly failed: readonly ScheduleResult[];
}

/** Runs a range of random schedules, one after the other. */
export async function runSchedules({
  fromSeed,
  count,
  variant,
  onProgress,
}: SchedulesOptions): Promise<SchedulesReport> {
  const sum = { tills: 0, kills: 0, clockJumps: 0, lostTimers: 0, simulatedMs: 0 };
  const drainsMs: number[] = [];
  const failed: ScheduleResult[] = [];
  let outages = 0;
  for (let seed = fromSeed; seed < fromSeed + count; seed++) {
    const result = await runSchedule(seed, { variant });
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += result[name];
    outages += result.troubles.length;
    drainsMs.push(...result.drainsMs);
    if (result.violations.length > 0) failed.push(result);
    await onProgress?.(result);
  }
  drainsMs.sort((a, b) => a - b);
  const drainedWithinMs = (share: number) => Math.round(drainsMs[Math.ceil(drainsMs.length * share) - 1] ?? 0);
  const { simulatedMs, ...counted } = sum;
  return {
    schedules: count,
    stuck: failed.filter(({ violations }) => violations.some(({ invariant }) => invariant === "I12")).length,
    outages,
    ...counted,
    simulatedDays: Math.round(simulatedMs / 86_400_000),
    drainedMsP50: drainedWithinMs(0.5),
    drainedMsP99: drainedWithinMs(0.99),
    drainedMsMost: drainedWithinMs(1),
    failed,
  };
}
