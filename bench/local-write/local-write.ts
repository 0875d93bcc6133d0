import { join } from "node:path";
import { type Bench, expectRows, median } from "../bench.ts";
import { withWorkers } from "../worker.ts";
import { flushesPerSale } from "./flushes.ts";
import type { Timed } from "./time-each.ts";

const CONTENDERS = {
  tillsync: new URL("engine-till.ts", import.meta.url),
  raw: new URL("raw-till.ts", import.meta.url),
} as const;

type Round = Record<keyof typeof CONTENDERS, Timed>;

/** A sale on a till: journal, hash chain, receipt number, checks and one flush, against SQLite with nothing around it. */
export const localWrite: Bench = {
  name: "local-write",
  says: "sales a second on one till, against raw better-sqlite3 FULL",
  run: async ({ smoke, rounds: wanted, folder, onProgress }) => {
    const [warmUp, count] = smoke ? [20, 100] : [1000, 5000];
    const rounds: Round[] = [];
    for (let round = 0; round < (wanted ?? (smoke ? 1 : 9)); round++) {
      const timed = {} as Round;
      const names = Object.keys(CONTENDERS) as (keyof typeof CONTENDERS)[];
      for (const name of round % 2 === 0 ? names : names.reverse()) {
        timed[name] = await withWorkers(async (start) => {
          const file = join(folder, `${name}-${round}.db`);
          const result = await start(CONTENDERS[name]).ask<Timed & { rows: number }>("sell", { file, warmUp, count });
          expectRows(name, count, result.rows);
          return result;
        });
        onProgress(`round ${round + 1}: ${name} ${Math.round(timed[name].perSecond)} sales/s`);
      }
      rounds.push(timed);
    }
    const of = (read: (round: Round) => number) => median(rounds.map(read));
    const row = (name: keyof Round) => ({
      contender: name,
      figures: [of((r) => r[name].perSecond), of((r) => r[name].p50Ms), of((r) => r[name].p99Ms)],
    });
    const ratio = of((r) => r.tillsync.perSecond / r.raw.perSecond);
    const flushes = flushesPerSale(folder, smoke ? 50 : 500);
    return {
      ratio,
      ratioOf: "sales/s over raw SQLite FULL in the same round",
      rounds: rounds.length,
      columns: ["sales/s", "p50 ms", "p99 ms"],
      rows: [row("tillsync"), row("raw")],
      bars: [
        { what: "sales/s over raw", value: ratio, must: { atLeast: 0.6 }, aim: 0.85 },
        { what: "flushes a sale (strace)", value: flushes, must: { atMost: 1.1 }, aim: 1.05 },
        { what: "p99 over raw", value: of((r) => r.tillsync.p99Ms / r.raw.p99Ms), must: { atMost: 2 } },
      ],
      notes: [
        `${count} generated sales a round after ${warmUp} to warm up; a process and a database of their own each`,
      ],
    };
  },
};
