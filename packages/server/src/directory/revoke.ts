import type pg from "pg";
import { asOperator } from "../db/scope.ts";
import { noteAct } from "./acts.ts";
import { AT_THE_DATABASE } from "./enroll.ts";

/** Which keys are meant: all of this name in this store. */
export interface KeyName {
  readonly org: string;
  readonly store: string;
  readonly name: string;
}

/**
 * Ends all keys of a name. Servers notice within 30 seconds (`authenticate.ts`). What a terminal had not sent by then
 * stays on it, and can be sent with another key.
 *
 * @returns how many keys ended: 0 when none of that name was good
 */
export function revoke(pool: pg.Pool, key: KeyName, nowMs: number): Promise<number> {
  return asOperator(pool, async (client) => {
    const at = new Date(nowMs);
    const { rows } = await client.query<{ orgId: number; storeId: number; terminal: string | null }>(
      `UPDATE access_key k SET revoked_at = $4
       FROM store s JOIN organization o USING (org_id)
       WHERE o.code = $1 AND s.code = $2 AND k.org_id = s.org_id AND k.store_id = s.store_id AND k.name = $3
         AND k.revoked_at IS NULL
       RETURNING k.org_id AS "orgId", k.store_id AS "storeId", k.terminal`,
      [key.org, key.store, key.name, at],
    );
    for (const { terminal, ...scope } of rows) {
      const details = { name: key.name };
      await noteAct(client, scope, { at, act: "revoked", actor: AT_THE_DATABASE, terminal, details });
    }
    return rows.length;
  });
}
