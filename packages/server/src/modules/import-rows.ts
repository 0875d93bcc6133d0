import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import { type Applied, apply, STAGED } from "./apply.ts";
import { ORGANIZATION, type Place } from "./place.ts";
import { RECORDS, REFERENCES, type Slice } from "./slices.ts";
import type { Act } from "./state.ts";

/** What an import did. */
export interface Imported extends Applied {
  /** Lines that changed nothing: what they say stands already, or a later line says otherwise. */
  readonly unchanged: number;
  /** Rows that are kept with something wrong about them (`flags`). */
  readonly flagged: number;
  /** Rows that name a row of another module which is not there. */
  readonly missingReferences: number;
}

/** A million rows take some twenty seconds; a slow disk takes its time, and a dead one does not take for ever. */
const APPLY_TIMEOUT_MS = 15 * 60_000;

/** Sorting a million rows on disk costs more than the memory. */
const PREPARE = `SELECT set_config('statement_timeout', '${APPLY_TIMEOUT_MS}', true), set_config('work_mem', '64MB', true)`;
const STAGE = `CREATE TEMPORARY TABLE staged (line bigint, id text COLLATE "C", row_text text, refs text) ON COMMIT DROP`;
const FILL = `INSERT INTO staged (line, id, row_text, refs) SELECT line + $2, id, row_text, refs FROM (${RECORDS}) r`;
/** Each row that is named is looked up by its key: to join, PostgreSQL would read all modules for ten new prices. */
const MISSING = `WITH named AS MATERIALIZED (${REFERENCES}),
  missing AS (SELECT * FROM (SELECT DISTINCT module, id FROM named) once
    WHERE (SELECT true FROM module_row r WHERE r.org_id = $1 AND r.store_id = ANY ($2::integer[])
      AND r.module = once.module AND r.id = once.id AND r.row_text IS NOT NULL LIMIT 1) IS NULL)
  SELECT count(DISTINCT line) AS missing FROM named JOIN missing USING (module, id)`;

/**
 * Imports rows in one transaction: all of them with one number, or none. They wait in a temporary table, so nothing of
 * an import that breaks off is left, and others see the module as it was until the commit.
 *
 * @throws whatever reading the slices throws; SyncError UNAVAILABLE
 */
export async function importRows(
  pool: pg.Pool,
  place: Place,
  slices: AsyncIterable<Slice>,
  act: Act,
): Promise<Imported> {
  let isBegun = false;
  return inScope(pool, place, async (client) => {
    if (isBegun) throw new SyncError("UNAVAILABLE", "Others changed the same rows meanwhile; import them again.");
    isBegun = true;
    await client.query(PREPARE);
    await client.query(STAGE);
    const { rows, flagged } = await stage(client, slices);
    await client.query("ANALYZE staged");
    const applied = await apply(client, place, act, { text: STAGED, query_timeout: APPLY_TIMEOUT_MS });
    const { inserted, updated, deleted } = applied;
    const missingReferences = await countMissing(client, place);
    return { ...applied, unchanged: rows - inserted - updated - deleted, flagged, missingReferences };
  });
}

/** PostgreSQL takes in one slice while the next is read and checked. */
async function stage(client: pg.ClientBase, slices: AsyncIterable<Slice>): Promise<{ rows: number; flagged: number }> {
  let [rows, flagged] = [0, 0];
  let under: Promise<unknown> = Promise.resolve();
  for await (const slice of slices) {
    await under;
    under = client.query(FILL, [slice.text, rows]);
    under.catch(() => {}); // told where it is waited for
    rows += slice.rows;
    flagged += slice.flagged;
  }
  await under;
  return { rows, flagged };
}

async function countMissing(client: pg.ClientBase, { orgId, storeId }: Place): Promise<number> {
  const { rows } = await client.query<{ missing: number }>({
    text: MISSING,
    values: [orgId, [...new Set([ORGANIZATION, storeId])]],
    query_timeout: APPLY_TIMEOUT_MS,
  } as pg.QueryConfig);
  return rows[0]?.missing ?? 0;
}
