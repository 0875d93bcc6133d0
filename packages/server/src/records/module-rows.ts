import type pg from "pg";
import { editRows } from "../modules/edit-rows.ts";
import { placeOf } from "../modules/place.ts";
import { lockState } from "../modules/state.ts";
import type { RecordRows, StandingRow } from "./ports.ts";
import { SET_STORE } from "./statements.ts";

/** Who the module's history names for what tills wrote; who exactly stands in the changes. */
const ACTOR = "tills";

/** Rows with the time of the commit that made them so, which is when an import counts as written. */
const READ_ROWS = `
  SELECT r.id, r.row_text AS text, extract(epoch FROM c.at)::float8 * 1000 AS "changedAtMs"
  FROM module_row r
  LEFT JOIN module_commit c ON c.org_id = r.org_id AND c.store_id = r.store_id AND c.module = r.module AND c.n = r.n
  WHERE r.org_id = $1 AND r.store_id = $2 AND r.module = $3 AND r.id = ANY ($4::text[])`;

/** The organization's customers, where every till reads them. */
export const moduleRows: RecordRows = {
  async read(client, scope, ids) {
    const place = placeOf(scope, "customers", "organization");
    // An import that is being written meanwhile would be overwritten by what it was merged without: it waits, or is seen.
    await within(client, place.storeId, () => lockState(client, place));
    type Row = StandingRow & { readonly id: string };
    const { rows } = await client.query<Row>(READ_ROWS, [place.orgId, place.storeId, place.module, ids]);
    return new Map(rows.map(({ id, ...row }) => [id, row]));
  },

  async write(client, scope, changes, nowMs) {
    await editRows(client, placeOf(scope, "customers", "organization"), changes, { actor: ACTOR, nowMs });
  },
};

/** Runs `work` in the scope of another store of the organization, and comes back. */
async function within(client: pg.PoolClient, storeId: number, work: () => Promise<unknown>): Promise<void> {
  const { rows } = await client.query<{ store: string }>("SELECT current_setting('tillsync.store', true) AS store");
  await client.query(SET_STORE, [String(storeId)]);
  await work();
  await client.query(SET_STORE, [rows[0]?.store ?? ""]);
}
