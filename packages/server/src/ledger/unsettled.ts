import { setTimeout } from "node:timers/promises";
import type pg from "pg";
import { inRelay } from "../db/scope.ts";

/** Changes of all stores that are stored and not applied, by what became of them. */
export interface UnsettledCounts {
  readonly pending: number;
  readonly waiting: number;
  readonly parked: number;
  readonly conflict: number;
}

/** Two partial indexes hold nothing else, so counting costs as much as there is, whatever the history. */
export const COUNT_UNSETTLED = `
  SELECT effect, count(*) AS count FROM change_head WHERE effect IN ('pending', 'waiting', 'parked') GROUP BY effect
  UNION ALL SELECT 'conflict', count(*) FROM change_head WHERE effect = 'conflict'`;

/** Monitors ask often, and what waits for a person does not change by the second. */
const KEPT_MS = 10_000;
const TIMEOUT_MS = 2_000;

/**
 * Counts what is unsettled, at most every 10 s and once at a time, however often it is asked.
 *
 * @returns undefined when the database did not say within 2 s; the next question asks again
 */
export function watchUnsettled(pool: pg.Pool, monotonicMs: () => number): () => Promise<UnsettledCounts | undefined> {
  let kept: { readonly atMs: number; readonly counts: UnsettledCounts } | undefined;
  let underWay: Promise<UnsettledCounts | undefined> | undefined;
  const ask = async () => {
    const counts = await Promise.race([count(pool).catch(() => undefined), setTimeout(TIMEOUT_MS, undefined, UNREF)]);
    if (counts !== undefined) kept = { atMs: monotonicMs(), counts };
    return counts;
  };
  return () => {
    if (kept !== undefined && monotonicMs() - kept.atMs < KEPT_MS) return Promise.resolve(kept.counts);
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

const UNREF = { ref: false };

async function count(pool: pg.Pool): Promise<UnsettledCounts> {
  type Row = { effect: keyof UnsettledCounts; count: number };
  const { rows } = await inRelay(pool, (client) => client.query<Row>(COUNT_UNSETTLED));
  const counts = Object.fromEntries(rows.map((row) => [row.effect, Number(row.count)]));
  return { pending: 0, waiting: 0, parked: 0, conflict: 0, ...counts };
}
