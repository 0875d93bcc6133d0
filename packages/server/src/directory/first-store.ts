import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { asOperator } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import type { Caller } from "./authenticate.ts";

/** The store enrolled first, as its reader: who a browser in the demo is. @throws SyncError NOT_FOUND, UNAVAILABLE */
export async function firstStore(pool: pg.Pool): Promise<Caller> {
  const { rows } = await asOperator(pool, (client) =>
    client.query<Pick<Caller, "orgId" | "storeId">>(
      `SELECT org_id AS "orgId", store_id AS "storeId" FROM store ORDER BY org_id, store_id LIMIT 1`,
    ),
  );
  if (rows[0] === undefined) throw new SyncError("NOT_FOUND", "No store is enrolled yet.");
  return { ...rows[0], role: "admin", name: "status page", terminal: null };
}

/** Every store, for whoever runs the whole database; asked in an operator's transaction. */
export async function storesOf(client: pg.ClientBase): Promise<Scope[]> {
  const { rows } = await client.query<Scope>(
    `SELECT org_id AS "orgId", store_id AS "storeId" FROM store ORDER BY org_id, store_id`,
  );
  return rows;
}
