import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";

/**
 * Gives a short id to a terminal, for ever: whoever printed `T01` on a receipt keeps it, also when it is called otherwise
 * later. So two terminals of a store never have the same receipt number; within one, each life counts by itself.
 *
 * @throws SyncError TERMINAL_TAKEN when it is, or was, another terminal's
 */
export async function takeShortId(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  { terminal, shortId, at }: { terminal: string; shortId: string; at: Date },
): Promise<void> {
  await client.query(
    `INSERT INTO short_id_holder (org_id, store_id, short_id, terminal, since) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [orgId, storeId, shortId, terminal, at],
  );
  const { rows } = await client.query<{ terminal: string }>(
    `SELECT terminal FROM short_id_holder WHERE org_id = $1 AND store_id = $2 AND short_id = $3
     UNION ALL SELECT terminal FROM terminal WHERE org_id = $1 AND store_id = $2 AND short_id = $3`,
    [orgId, storeId, shortId],
  );
  if (rows.every((row) => row.terminal === terminal)) return;
  const message = `${shortId} is, or was, another terminal of this store, and its receipts carry the name: choose one that nobody had.`;
  throw new SyncError("TERMINAL_TAKEN", message, { field: "shortId", got: shortId });
}
