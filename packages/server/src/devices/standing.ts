import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { EntityKey, Scope, Standing } from "../ingest/ports.ts";

/** How a document stands, without locking it: whoever changes it by this has to expect that somebody was quicker. */
export function standingOf(pool: pg.Pool, scope: Scope, { entity, localId }: EntityKey): Promise<Standing | undefined> {
  return inScope(pool, scope, async (client) => {
    const { rows } = await client.query<Standing>(
      `SELECT state, version::float8 AS version, encode(content_hash, 'hex') AS "contentHash", terminal FROM document
       WHERE org_id = $1 AND store_id = $2 AND entity = $3 AND local_id = $4`,
      [scope.orgId, scope.storeId, entity, localId],
    );
    return rows[0];
  });
}
