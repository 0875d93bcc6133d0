import type { Effect } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { DocumentState, Scope } from "../ingest/ports.ts";

/** Documents of one life of a terminal that are alike, counted and added up. */
export interface DocumentTotal {
  readonly terminal: string;
  readonly incarnation: string;
  readonly entity: string;
  readonly state: DocumentState;
  readonly documentType: string | null;
  readonly currency: string | null;
  readonly count: number;
  /** Minor units; null where the documents have no amount. */
  readonly totalMinor: number | null;
}

/** Changes of one life of a terminal by kind and by what the centre made of them. */
export interface ChangeTotal {
  readonly terminal: string;
  readonly incarnation: string;
  /** Null where the bytes do not tell. */
  readonly kind: string | null;
  readonly effect: Effect;
  readonly count: number;
  /** How many of them had come before under another place. */
  readonly repeats: number;
}

export interface Totals {
  readonly documents: readonly DocumentTotal[];
  readonly changes: readonly ChangeTotal[];
}

/** Counts and sums of everything a store has at the centre. Reads all of it: for `verify`, not for a page that polls. */
export function readTotals(pool: pg.Pool, scope: Scope): Promise<Totals> {
  const parameters = [scope.orgId, scope.storeId];
  return inScope(pool, scope, async (client) => {
    const documents = await client.query<DocumentTotal>(
      `SELECT terminal, incarnation, entity, state, document_type AS "documentType", currency, count(*) AS count,
         sum(total_minor)::bigint AS "totalMinor"
       FROM document WHERE org_id = $1 AND store_id = $2 GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`,
      parameters,
    );
    const changes = await client.query<ChangeTotal>(
      `SELECT terminal, incarnation, kind, effect, count(*) AS count, count(*) FILTER (WHERE repeat) AS repeats
       FROM change_head WHERE org_id = $1 AND store_id = $2 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
      parameters,
    );
    return { documents: documents.rows, changes: changes.rows };
  });
}
