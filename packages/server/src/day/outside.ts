import { CENTRAL_LIFE } from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";
import type { DocumentSum } from "./shift-part.ts";

/** The words of the index `document_outside`; the life is that of whoever has no journal of its own. */
const OUTSIDE = `
  SELECT coalesce(document_type, entity) AS "documentType", currency, count(*)::float8 AS count,
    coalesce(sum(total_minor), 0)::float8 AS "totalMinor"
  FROM document
  WHERE org_id = $1 AND store_id = $2 AND business_date = $3
    AND incarnation = '${CENTRAL_LIFE}' AND entity IN ('order', 'transaction') AND state IN ('closed', 'recorded')
  GROUP BY 1, 2 ORDER BY 2, 1`;

/**
 * Orders and transactions of a day that belong to no shift: those of devices of other makes and of head office. Nobody
 * counts a drawer for them, so they are never added to what shifts took.
 */
export async function outsideShifts(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  businessDate: string,
): Promise<DocumentSum[]> {
  return (await client.query<DocumentSum>(OUTSIDE, [orgId, storeId, businessDate])).rows;
}

/** What came since a day was closed; negative where a device sent a smaller version of what it had sent before. */
export function since(before: readonly DocumentSum[], now: readonly DocumentSum[]): DocumentSum[] {
  const keyOf = ({ currency, documentType }: DocumentSum) => `${currency} ${documentType}`;
  const left = new Map(now.map((sum) => [keyOf(sum), sum]));
  for (const sum of before) {
    const { count, totalMinor } = left.get(keyOf(sum)) ?? { count: 0, totalMinor: 0 };
    left.set(keyOf(sum), { ...sum, count: count - sum.count, totalMinor: totalMinor - sum.totalMinor });
  }
  return [...left.values()].filter(({ count, totalMinor }) => count !== 0 || totalMinor !== 0);
}
