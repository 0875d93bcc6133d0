import { setImmediate } from "node:timers/promises";
import type { Sale } from "../sales.ts";

export interface Timed {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Customers come one by one: between a few of them, timers and sockets of the process get their turn. */
const TURN_EVERY = 20;

/** Sells one by one and times each. Making up the sale is not in the time. */
export async function timeEach(sales: Iterable<Sale>, sell: (sale: Sale) => unknown): Promise<Timed> {
  const times: number[] = [];
  for (const sale of sales) {
    const begin = performance.now();
    sell(sale);
    times.push(performance.now() - begin);
    if (times.length % TURN_EVERY === 0) await setImmediate();
  }
  times.sort((a, b) => a - b);
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return { perSecond: (times.length * 1000) / total, p50Ms: at(0.5), p99Ms: at(0.99) };
}
