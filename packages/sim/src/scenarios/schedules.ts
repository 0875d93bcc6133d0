import { NOTICED_WITHIN_MS } from "./liveness.ts";
import { runSchedule, type ScheduleResult } from "./schedule-run.ts";

export interface SchedulesOptions {
  readonly fromSeed: number;
  readonly count: number;
  /** How long a till may take to notice that its centre answers again. */
  readonly noticedWithinMs?: number | undefined;
  /** Called after each; a promise that it returns is waited for. */
  readonly onProgress?: ((result: ScheduleResult) => void | Promise<void>) | undefined;
}

export interface SchedulesReport {
  readonly schedules: number;
  /** Those whose queue did not empty by itself. */
  readonly stuck: number;
  readonly sales: number;
  readonly outages: number;
  readonly kills: number;
  readonly clockJumps: number;
  readonly simulatedDays: number;
  /** The longest that a queue took to empty after everything worked again, by profile. */
  readonly slowestMs: Readonly<Record<string, number>>;
  readonly failed: readonly ScheduleResult[];
}

/** Runs a range of random schedules, one after the other. */
export async function runSchedules(options: SchedulesOptions): Promise<SchedulesReport> {
  const { fromSeed, count, noticedWithinMs = NOTICED_WITHIN_MS, onProgress } = options;
  const sum = { sales: 0, outages: 0, kills: 0, clockJumps: 0, simulatedMs: 0 };
  const slowestMs: Record<string, number> = {};
  const failed: ScheduleResult[] = [];
  for (let seed = fromSeed; seed < fromSeed + count; seed++) {
    const result = await runSchedule(seed, noticedWithinMs);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += result[name];
    slowestMs[result.profile] = Math.max(slowestMs[result.profile] ?? 0, result.drainedInMs ?? 0);
    if (result.violations.length > 0) failed.push(result);
    await onProgress?.(result);
  }
  const { simulatedMs, ...counted } = sum;
  return {
    schedules: count,
    stuck: failed.filter(({ drainedInMs }) => drainedInMs === null).length,
    ...counted,
    simulatedDays: Math.round(simulatedMs / 86_400_000),
    slowestMs,
    failed,
  };
}
