import type pg from "pg";
import { asOperator } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { type By, noteAct } from "./acts.ts";
import { type Desk, lockTerminal } from "./enroll-machine.ts";
import { takeShortId } from "./short-ids.ts";

export interface Renamed {
  readonly terminal: string;
  readonly shortId: string;
  readonly before: string;
}

/**
 * Calls a terminal otherwise. It hears of it with its next token and prints the new name from its next start on; the earlier
 * one stays its own, so that no receipt number comes twice.
 *
 * @throws SyncError NOT_FOUND, TERMINAL_TAKEN, UNAVAILABLE
 */
export function rename(
  { pool, scope, nowMs }: Pick<Desk, "pool" | "scope" | "nowMs">,
  terminal: string,
  shortId: string,
  by: By,
): Promise<Renamed> {
  return asOperator(pool, async (client) => {
    const at = new Date(nowMs);
    const { shortId: before } = await lockTerminal(client, scope, terminal);
    if (before !== shortId) {
      await callOtherwise(client, scope, { terminal, shortId, at });
      await renewGrant(client, scope, terminal, at);
      await noteAct(client, scope, { at, act: "renamed", terminal, ...by, details: { from: before, to: shortId } });
    }
    return { terminal, shortId, before };
  });
}

/** @throws SyncError TERMINAL_TAKEN */
export async function callOtherwise(
  client: pg.PoolClient,
  scope: Scope,
  called: { readonly terminal: string; readonly shortId: string; readonly at: Date },
): Promise<void> {
  await takeShortId(client, scope, called);
  await client.query("UPDATE terminal SET short_id = $4 WHERE org_id = $1 AND store_id = $2 AND terminal = $3", [
    ...[scope.orgId, scope.storeId, called.terminal],
    called.shortId,
  ]);
}

/** The machine that speaks for the terminal now has a grant that says the new name; it is told with its next token. */
async function renewGrant(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string, at: Date): Promise<void> {
  await client.query(
    `WITH next AS (
       UPDATE terminal SET grant_serial = grant_serial + 1 WHERE org_id = $1 AND store_id = $2 AND terminal = $3
       RETURNING grant_serial
     ), newest AS (
       SELECT key_hash FROM access_key WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND public_key IS NOT NULL
       ORDER BY serial DESC LIMIT 1
     )
     UPDATE access_key SET serial = next.grant_serial, granted_at = $4 FROM next, newest
     WHERE access_key.key_hash = newest.key_hash`,
    [orgId, storeId, terminal, at],
  );
}
