import type pg from "pg";
import { inScope } from "../db/scope.ts";
import { type EntityKey, entityKey, type Scope, type Standing } from "../ingest/ports.ts";

/** How a document stands, without locking it: whoever changes it by this has to expect that somebody was quicker. */
export function standingOf(pool: pg.Pool, scope: Scope, key: EntityKey): Promise<Standing | undefined> {
  return inScope(pool, scope, async (client) => (await standingsOf(client, scope, [key])).get(entityKey(key)));
}

/** The same for many, by `entityKey`; those that the centre does not know are missing. */
export async function standingsOf(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  keys: readonly EntityKey[],
): Promise<ReadonlyMap<string, Standing>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<Standing & EntityKey>(
    `SELECT d.entity, d.local_id AS "localId", d.state, d.version::float8 AS version,
       encode(d.content_hash, 'hex') AS "contentHash", d.terminal
     FROM json_to_recordset($3::json) AS r(entity text, "localId" text)
     JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = r.entity AND d.local_id = r."localId"`,
    [orgId, storeId, JSON.stringify(keys)],
  );
  return new Map(rows.map((row) => [entityKey(row), row]));
}
