import type pg from "pg";
import { type Place, scopeOf } from "./place.ts";
import { type Act, type Changed, keyOf, lockState, type ModuleState, writeState } from "./state.ts";

/** What an import or edit made of the rows it brought. */
export interface Applied extends Changed {
  /** The module's number now. */
  readonly n: number;
}

const MODULUS = 2n ** 256n;

/**
 * Brings rows of `source` (`line`, `id`, `row_text`; null is a deletion) into a module. Of several with one id the last
 * counts, and what stands already is left alone. $1 to $3 the place, $4 the scope's name, $5 the commit's number.
 *
 * Tells how many changed and by how much bytes and hash do.
 */
const applyFrom = (source: string) => `WITH wanted AS (
    SELECT DISTINCT ON (id) id, row_text FROM ${source} ORDER BY id, line DESC),
  diff AS MATERIALIZED (
    SELECT w.id, w.row_text, r.row_text AS old_text FROM wanted w
    LEFT JOIN module_row r ON r.org_id = $1 AND r.store_id = $2 AND r.module = $3 AND r.id = w.id
    WHERE r.row_text IS DISTINCT FROM w.row_text),
  written AS (
    INSERT INTO module_row (org_id, store_id, module, id, n, row_text)
    SELECT $1, $2, $3, id, $5, row_text FROM diff ORDER BY id
    ON CONFLICT (org_id, store_id, module, id) DO UPDATE SET n = excluded.n, row_text = excluded.row_text)
  SELECT count(*) FILTER (WHERE old_text IS NULL) AS inserted,
    count(*) FILTER (WHERE row_text IS NOT NULL AND old_text IS NOT NULL) AS updated,
    count(*) FILTER (WHERE row_text IS NULL) AS deleted,
    coalesce(sum(octet_length(row_text) + 1), 0) - coalesce(sum(octet_length(old_text) + 1), 0) AS bytes,
    (coalesce(sum(row_number($3, $4, row_text)), 0) - coalesce(sum(row_number($3, $4, old_text)), 0))::text AS sum
  FROM diff`;

/** The temporary table that an import fills. */
export const STAGED = applyFrom("staged");

/** Rows in one JSON parameter, $6. */
export const GIVEN = applyFrom(
  `jsonb_to_recordset($6::jsonb) AS given (line bigint, id text COLLATE "C", row_text text)`,
);

interface Difference extends Changed {
  readonly bytes: number;
  readonly sum: string;
}

/**
 * Applies rows under the module's lock, in the transaction of `client`, whose scope is the place's. The lock is the last
 * one that the transaction takes.
 */
export async function apply(
  client: pg.ClientBase,
  place: Place,
  act: Act,
  statement: { readonly text: string; readonly values?: readonly unknown[]; readonly query_timeout?: number },
): Promise<Applied> {
  const state = await lockState(client, place);
  const n = state.n + 1;
  const { rows } = await client.query<Difference>({
    ...statement,
    values: [...keyOf(place), scopeOf(place), n, ...(statement.values ?? [])],
  });
  const [difference] = rows;
  if (difference === undefined) throw new Error("an aggregate gave no row");
  const { inserted, updated, deleted } = difference;
  if (inserted + updated + deleted === 0) return { n: state.n, inserted, updated, deleted };
  await writeState(client, place, after(state, n, difference), difference, act);
  return { n, inserted, updated, deleted };
}

function after(state: ModuleState, n: number, { inserted, deleted, bytes, sum }: Difference): ModuleState {
  const hash = (((BigInt(`0x${state.hash}`) + BigInt(sum)) % MODULUS) + MODULUS) % MODULUS;
  return {
    n,
    rows: state.rows + inserted - deleted,
    bytes: state.bytes + bytes,
    hash: hash.toString(16).padStart(64, "0"),
  };
}
