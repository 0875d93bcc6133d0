import type pg from "pg";
import { inRelay } from "../db/scope.ts";
import type { ClosePlace } from "./ports.ts";
import { type SettlementContext, settleShift } from "./settle.ts";
import { FIND_UNSETTLED } from "./statements.ts";

/** Shifts judged in one round; the next round goes on with the rest. */
const SHIFTS_A_ROUND = 1_000;
/** How much further back than it has looked a server looks: clocks of servers differ, and commits come late. */
const LOOK_BACK_MS = 24 * 60 * 60 * 1000;

/**
 * Finds closed shifts that nobody judged, whatever server stored them and whatever became of it. What is due is seen in
 * what is stored, so no crash can lose it: the first look of a process goes back to the beginning.
 */
export class SettlementSweep {
  readonly #pool: pg.Pool;
  readonly #context: SettlementContext;
  #lookedAtMs: number | null = null;

  constructor(pool: pg.Pool, context: SettlementContext) {
    this.#pool = pool;
    this.#context = context;
  }

  /**
   * @returns how many shifts were due
   * @throws the first failure, after all others were looked after
   */
  async round(): Promise<number> {
    const beganMs = this.#context.ingest.nowMs();
    const since = new Date(this.#lookedAtMs === null ? 0 : this.#lookedAtMs - LOOK_BACK_MS);
    type Row = ClosePlace & { orgId: number; storeId: number };
    const { rows } = await inRelay(this.#pool, (client) => client.query<Row>(FIND_UNSETTLED, [since, SHIFTS_A_ROUND]));
    const failures: unknown[] = [];
    for (const { orgId, storeId, ...place } of rows) {
      // One store in trouble is no reason to leave the others.
      await settleShift(this.#context, { orgId, storeId }, place).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    if (rows.length < SHIFTS_A_ROUND) this.#lookedAtMs = beganMs;
    return rows.length;
  }
}
