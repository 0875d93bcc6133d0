import type { RowChange } from "@tillsync/protocol";
import type pg from "pg";
import { type Applied, apply, GIVEN } from "./apply.ts";
import type { Place } from "./place.ts";
import type { Act } from "./state.ts";

/**
 * Writes a few rows of a module as part of a transaction that does more: made by `readRow` and `readRowChange` of the
 * protocol, applied with one number, as an import of them would be.
 *
 * Call it last. It takes the module's lock, behind which every other writer of the module waits until the transaction
 * ends; a transaction that edits several modules takes them in the order of their names. The scope of the transaction is
 * the place's while it works (store 0 for the organization) and what it was before when it returns.
 */
export async function editRows(
  client: pg.ClientBase,
  place: Place,
  changes: readonly RowChange[],
  act: Act,
): Promise<Applied> {
  const given = changes.map((change, line) => ({
    line,
    id: change.id,
    row_text: change.deleted ? null : change.text,
  }));
  const scope = await client.query<{ store: string }>(
    "SELECT current_setting('tillsync.store', true) AS store, set_config('tillsync.store', $1, true)",
    [String(place.storeId)],
  );
  const applied = await apply(client, place, act, { text: GIVEN, values: [JSON.stringify(given)] });
  await client.query("SELECT set_config('tillsync.store', $1, true)", [scope.rows[0]?.store ?? ""]);
  return applied;
}
