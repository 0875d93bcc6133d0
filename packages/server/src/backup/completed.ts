import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { asOperator, inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";

/** A backup that an operator made with tools of their own: when it was begun, or where PostgreSQL's log was by then. */
export type TakenBackupAt = { readonly takenAt: Date } | { readonly lsn: string };

export interface Completed {
  /** Everything received up to here counts as backed up. */
  readonly through: string;
  readonly lives: number;
  readonly changes: number;
}

/**
 * A change carries the time at which its transaction began, by the server's clock; it is committed within
 * `STATEMENT_TIMEOUT_MS` or not at all. What came this long before a backup began is in it, also when clocks differ a little.
 */
export const MARGIN_MS = 5 * 60_000;
/** Clocks of this server and of PostgreSQL that differ by more say nothing about each other. */
const MAX_SKEW_MS = 60_000;

/** How far each life is backed up when everything received up to $3 is: up to the first change that came later. */
const MOVE = `
  UPDATE incarnation i SET backed_up_through = m.through
  FROM (SELECT j.terminal, j.incarnation, j.backed_up_through AS before, coalesce((SELECT h.seq - 1 FROM change_head h
      WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = j.terminal AND h.incarnation = j.incarnation
        AND h.seq > j.backed_up_through AND h.received_at > $3 ORDER BY h.seq LIMIT 1), j.durable_through) AS through
    FROM incarnation j WHERE j.org_id = $1 AND j.store_id = $2) m
  WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = m.terminal AND i.incarnation = m.incarnation AND m.through > i.backed_up_through
  RETURNING (m.through - m.before)::float8 AS moved`;

const LOCK = "SELECT 1 FROM terminal WHERE org_id = $1 AND store_id = $2 ORDER BY terminal FOR NO KEY UPDATE";
const NOTE = "INSERT INTO backup_completed (taken_at, completed_at, actor, note) VALUES ($1, $2, $3, $4)";

/**
 * Takes an operator's word that a backup is complete and was verified: the marks of these stores move up to what surely is
 * in it.
 *
 * @throws SyncError INVALID_INPUT for a moment that has not come or that nobody noted; UNAVAILABLE
 */
export async function completedByOperator(
  pool: pg.Pool,
  stores: readonly Scope[],
  backup: TakenBackupAt & { readonly actor: string; readonly nowMs: number },
): Promise<Completed> {
  const { takenMs, clockMs } = await asOperator(pool, (client) => momentOf(client, backup));
  // Positions in the log are noted by PostgreSQL's clock, changes by this server's.
  if ("lsn" in backup && Math.abs(clockMs - backup.nowMs) > MAX_SKEW_MS) {
    const apart = Math.round(Math.abs(clockMs - backup.nowMs) / 1000);
    const message = `The clocks of this server and of PostgreSQL are ${apart} s apart: set them first.`;
    throw new SyncError("UNAVAILABLE", message, { part: "clock" });
  }
  if (takenMs > backup.nowMs) throw invalid("takenAt", "a moment that has come", new Date(takenMs).toISOString());
  const through = new Date(takenMs - MARGIN_MS);
  const sum = { lives: 0, changes: 0 };
  for (const scope of stores) {
    const { orgId, storeId } = scope;
    const moved = await inScope(pool, scope, async (client) => {
      await client.query(LOCK, [orgId, storeId]);
      return (await client.query<{ moved: number }>(MOVE, [orgId, storeId, through])).rows;
    });
    sum.lives += moved.length;
    sum.changes += moved.reduce((total, one) => total + one.moved, 0);
  }
  const note = "lsn" in backup ? `operator, up to ${backup.lsn}` : "operator";
  await asOperator(pool, (client) => client.query(NOTE, [through, new Date(backup.nowMs), backup.actor, note]));
  return { through: through.toISOString(), ...sum };
}

/** Notes where the log is now, once a minute; what is older than any till keeps its rows for goes. */
export async function noteLogPosition(pool: pg.Pool): Promise<void> {
  await asOperator(pool, async (client) => {
    // The time is read first: what was committed by then is before the position that is read after it.
    await client.query(
      `INSERT INTO log_position (at, lsn, timeline) SELECT clock_timestamp(), l.lsn, ('x' || left(pg_walfile_name(l.lsn), 8))::bit(32)::bigint
       FROM (SELECT pg_current_wal_insert_lsn() AS lsn) l ON CONFLICT DO NOTHING`,
    );
    await client.query("DELETE FROM log_position WHERE at < clock_timestamp() - interval '60 days'");
  });
}

async function momentOf(client: pg.PoolClient, backup: TakenBackupAt): Promise<{ takenMs: number; clockMs: number }> {
  const clock = await client.query<{ ms: number }>("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms");
  const clockMs = clock.rows[0]?.ms ?? 0;
  if ("takenAt" in backup) return { takenMs: backup.takenAt.getTime(), clockMs };
  const { rows } = await client.query<{ ms: number }>(
    `SELECT extract(epoch FROM at)::float8 * 1000 AS ms FROM log_position p, server_identity i
     WHERE p.lsn <= $1::pg_lsn AND p.timeline = i.timeline ORDER BY p.lsn DESC, at LIMIT 1`,
    [backup.lsn],
  );
  const takenMs = rows[0]?.ms;
  if (takenMs === undefined) throw invalid("lsn", "a position that this server has seen go by", backup.lsn);
  return { takenMs, clockMs };
}

function invalid(field: string, expected: string, got: string): SyncError {
  return new SyncError("INVALID_INPUT", `${field}: ${expected}; got ${got}.`, { field, expected, got });
}
