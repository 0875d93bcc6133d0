import type pg from "pg";
import { inRelay } from "../db/scope.ts";
import type { ExchangeContext } from "./prepare.ts";
import { interpretPending } from "./sweep.ts";

/** Terminals looked after in one round; the next round goes on with the rest. */
const TERMINALS_A_ROUND = 1_000;

const FIND_PENDING = `
  SELECT org_id AS "orgId", store_id AS "storeId", terminal, min(incarnation) AS incarnation FROM change_head
  WHERE effect = 'pending' GROUP BY org_id, store_id, terminal LIMIT ${TERMINALS_A_ROUND}`;

/**
 * Interprets what a crash left stored and not interpreted, for terminals that may not come back soon. Any server may do
 * it at any time: the terminal's lock keeps two of them, or one and an exchange, apart.
 *
 * @returns how many terminals had something pending
 * @throws the first failure, after all others were looked after
 */
export async function sweepAll(pool: pg.Pool, context: ExchangeContext): Promise<number> {
  type Row = { orgId: number; storeId: number; terminal: string; incarnation: string };
  const { rows } = await inRelay(pool, (client) => client.query<Row>(FIND_PENDING));
  const failures: unknown[] = [];
  for (const { orgId, storeId, terminal, incarnation } of rows) {
    const swept = context.store.transaction({ orgId, storeId }, async (tx) => {
      await tx.lock({ terminal, incarnation }, context.nowMs());
      await interpretPending(tx, terminal, context);
    });
    // One store in trouble is no reason to leave the others.
    await swept.catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  return rows.length;
}
