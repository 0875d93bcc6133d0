import { setTimeout } from "node:timers/promises";
import type pg from "pg";

/**
 * Does the database answer within this time? Never throws. Callers that come while one question is under way get its
 * answer: however often a health check is asked, it takes one connection.
 */
export function watchReachable(pool: pg.Pool, timeoutMs: number): () => Promise<boolean> {
  let underWay: Promise<boolean> | undefined;
  return () => {
    underWay ??= ask(pool, timeoutMs).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function ask(pool: pg.Pool, timeoutMs: number): Promise<boolean> {
  const answered = new AbortController();
  const answer = pool.query("SELECT 1").then(
    () => true,
    () => false,
  );
  const silence = setTimeout(timeoutMs, false, { signal: answered.signal }).catch(() => false);
  const reachable = await Promise.race([answer, silence]);
  answered.abort();
  return reachable;
}
