import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";

/** What head office did with a terminal or a key. */
export type ActName =
  | "enrolled"
  | "key-made"
  | "replaced"
  | "renamed"
  | "moved"
  | "draining"
  | "resumed"
  | "revoked"
  | "retired"
  | "attached";

/** Who does something at head office, and why. */
export interface By {
  readonly actor: string;
  readonly reason?: string | undefined;
}

export interface Act extends By {
  readonly at: Date;
  readonly act: ActName;
  readonly terminal: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Writes down what is done, in the transaction that does it. */
export async function noteAct(client: pg.PoolClient, { orgId, storeId }: Scope, act: Act): Promise<void> {
  const { at, actor, reason = null, details = {} } = act;
  await client.query(
    "INSERT INTO directory_act (org_id, store_id, at, act, terminal, actor, reason, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [orgId, storeId, at, act.act, act.terminal, actor, reason, details],
  );
}

export interface ActPage {
  readonly acts: readonly {
    readonly id: number;
    readonly at: string;
    readonly act: ActName;
    readonly terminal: string | null;
    readonly actor: string;
    readonly reason: string | null;
    readonly details: Readonly<Record<string, unknown>>;
  }[];
  /** Give it as `after` for older ones; null when there are none. */
  readonly next: number | null;
}

export const MAX_ACTS = 200;

/** What was done in a store, newest first. */
export function listActs(pool: pg.Pool, scope: Scope, after: number | undefined): Promise<ActPage> {
  return inScope(pool, scope, async (client) => {
    const { rows } = await client.query<Omit<ActPage["acts"][number], "at"> & { at: Date }>(
      `SELECT act_id AS id, at, act, terminal, actor, reason, details FROM directory_act
       WHERE org_id = $1 AND store_id = $2 AND act_id < $3 ORDER BY act_id DESC LIMIT ${MAX_ACTS + 1}`,
      [scope.orgId, scope.storeId, after ?? Number.MAX_SAFE_INTEGER],
    );
    const acts = rows.slice(0, MAX_ACTS).map((row) => ({ ...row, at: row.at.toISOString() }));
    return { acts, next: rows.length > MAX_ACTS ? (acts.at(-1)?.id ?? null) : null };
  });
}
