import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";

/** Changes that are stored and not yet what the till meant: they wait for us, for an earlier one, or for a person. */
export interface Unsettled {
  readonly pending: number;
  readonly waiting: number;
  readonly parked: number;
}

/** One life of a terminal as head office sees it. */
export interface LifeOverview {
  readonly incarnation: string;
  /** 1 for the terminal's first life. */
  readonly ordinal: number;
  readonly durableThrough: number;
  /** How far the till's journal reached when it last called. */
  readonly headSeq: number;
  /** Changes the till has and the centre has not, as of `lastSeenAt`. */
  readonly pending: number;
  readonly lastSeenAt: string;
  readonly unsettled: Unsettled;
  /** Changes stored without intact bytes; asked for again with every exchange. */
  readonly damaged: number;
  /** Changes that lost to another version of the same entity; both are kept. */
  readonly conflicts: number;
  /** Kept rows that came for a place which something else had taken. */
  readonly forks: number;
}

export interface TerminalOverview {
  readonly terminal: string;
  readonly shortId: string;
  readonly kind: string;
  /** Newest first; empty until the terminal has called. */
  readonly lives: readonly LifeOverview[];
}

export interface Overview {
  readonly serverTimeMs: number;
  readonly store: { readonly org: string; readonly code: string; readonly currency: string };
  readonly terminals: readonly TerminalOverview[];
}

/** What one store's terminals have stored here, what is still to come, and what waits for a person. */
export function readOverview(pool: pg.Pool, scope: Scope, nowMs: number): Promise<Overview> {
  return inScope(pool, scope, async (client) => {
    const store = await readStore(client, scope);
    const lives = await readLives(client, scope);
    return { serverTimeMs: nowMs, store, terminals: await readTerminals(client, scope, lives) };
  });
}

async function readStore(client: pg.PoolClient, { orgId, storeId }: Scope): Promise<Overview["store"]> {
  const { rows } = await client.query<Overview["store"]>(
    `SELECT o.code AS org, s.code, s.currency FROM store s JOIN organization o USING (org_id)
     WHERE s.org_id = $1 AND s.store_id = $2`,
    [orgId, storeId],
  );
  if (rows[0] === undefined) throw new Error("a key's store does not exist");
  return rows[0];
}

async function readTerminals(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  lives: ReadonlyMap<string, readonly LifeOverview[]>,
): Promise<TerminalOverview[]> {
  const { rows } = await client.query<Omit<TerminalOverview, "lives">>(
    `SELECT terminal, short_id AS "shortId", kind FROM terminal WHERE org_id = $1 AND store_id = $2
     ORDER BY length(short_id), short_id`,
    [orgId, storeId],
  );
  return rows.map((row) => ({ ...row, lives: lives.get(row.terminal) ?? [] }));
}

interface LifeRow extends Omit<LifeOverview, "lastSeenAt" | "pending" | "unsettled">, Unsettled {
  readonly terminal: string;
  readonly lastSeen: Date;
}

/** Partial indexes hold the exceptions, so counting them costs as much as there are, whatever the history. */
async function readLives(client: pg.PoolClient, { orgId, storeId }: Scope): Promise<Map<string, LifeOverview[]>> {
  const { rows } = await client.query<LifeRow>(
    `WITH unsettled AS (
       SELECT terminal, incarnation, count(*) FILTER (WHERE effect = 'pending') AS pending,
         count(*) FILTER (WHERE effect = 'waiting') AS waiting, count(*) FILTER (WHERE effect = 'parked') AS parked
       FROM change_head WHERE org_id = $1 AND store_id = $2 AND effect IN ('pending', 'waiting', 'parked')
       GROUP BY terminal, incarnation
     ), lost AS (
       SELECT terminal, incarnation, count(*) AS conflicts
       FROM change_head WHERE org_id = $1 AND store_id = $2 AND effect = 'conflict' GROUP BY terminal, incarnation
     ), damage AS (
       SELECT terminal, incarnation, count(*) AS damaged
       FROM change_head WHERE org_id = $1 AND store_id = $2 AND damaged GROUP BY terminal, incarnation
     ), forked AS (
       SELECT terminal, incarnation, count(*) AS forks
       FROM fork WHERE org_id = $1 AND store_id = $2 GROUP BY terminal, incarnation
     )
     SELECT i.terminal, i.incarnation, i.ordinal, i.durable_through AS "durableThrough", i.head_seq AS "headSeq",
       i.last_seen_at AS "lastSeen", coalesce(u.pending, 0) AS pending, coalesce(u.waiting, 0) AS waiting,
       coalesce(u.parked, 0) AS parked, coalesce(d.damaged, 0) AS damaged, coalesce(l.conflicts, 0) AS conflicts,
       coalesce(f.forks, 0) AS forks
     FROM incarnation i
     LEFT JOIN unsettled u USING (terminal, incarnation)
     LEFT JOIN lost l USING (terminal, incarnation)
     LEFT JOIN damage d USING (terminal, incarnation)
     LEFT JOIN forked f USING (terminal, incarnation)
     WHERE i.org_id = $1 AND i.store_id = $2 ORDER BY i.ordinal DESC`,
    [orgId, storeId],
  );
  const lives = new Map<string, LifeOverview[]>();
  for (const { terminal, lastSeen, pending, waiting, parked, ...life } of rows) {
    const list = lives.get(terminal) ?? [];
    list.push({
      ...life,
      pending: Math.max(0, life.headSeq - life.durableThrough),
      lastSeenAt: lastSeen.toISOString(),
      unsettled: { pending, waiting, parked },
    });
    lives.set(terminal, list);
  }
  return lives;
}
