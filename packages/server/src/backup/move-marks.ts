import type pg from "pg";
import type { BackedUpMark } from "./backup-folder.ts";
import { asSuperuser } from "./read-marks.ts";

export interface Moved {
  /** Lives whose mark moved, and changes that tills may forget from now on, 30 days after they were sent. */
  readonly lives: number;
  readonly changes: number;
}

const LOCK = `SELECT 1 FROM tillsync.terminal WHERE org_id = $1 AND store_id = $2 ORDER BY terminal FOR NO KEY UPDATE`;

/** A mark moves only to a change that is there as it was backed up, and never back. */
const MOVE = `
  UPDATE tillsync.incarnation i SET backed_up_through = m.through
  FROM (SELECT r.*, j.backed_up_through AS before FROM json_to_recordset($3::json) AS r(terminal uuid, incarnation text, through bigint, hash text)
    JOIN tillsync.incarnation j ON j.org_id = $1 AND j.store_id = $2 AND j.terminal = r.terminal AND j.incarnation = r.incarnation) m
  WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = m.terminal AND i.incarnation = m.incarnation
    AND m.through > i.backed_up_through AND m.through <= i.durable_through
    AND EXISTS (SELECT FROM tillsync.change_head h WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = m.terminal
      AND h.incarnation = m.incarnation AND h.seq = m.through AND h.hash = decode(m.hash, 'hex'))
  RETURNING (m.through - m.before)::float8 AS moved`;

const NOTE = `INSERT INTO tillsync.backup_completed (taken_at, completed_at, actor, note) VALUES ($1, $2, $3, $4)`;

/** Moves the marks of every store to where a verified backup has them, store by store. */
export async function completeBackup(
  adminUrl: string,
  backup: { marks: readonly BackedUpMark[]; takenAt: string; nowMs: number; actor: string },
): Promise<Moved> {
  return asSuperuser(adminUrl, async (client) => {
    const stores = Map.groupBy(backup.marks, ({ orgId, storeId }) => `${orgId}/${storeId}`);
    const sum = { lives: 0, changes: 0 };
    for (const marks of stores.values()) {
      const { lives, changes } = await moveOfStore(client, marks);
      sum.lives += lives;
      sum.changes += changes;
    }
    await client.query(NOTE, [backup.takenAt, new Date(backup.nowMs), backup.actor, "tillsync backup --server"]);
    return sum;
  });
}

/** The terminals' rows first, in the order in which every exchange locks them. */
async function moveOfStore(client: pg.ClientBase, marks: readonly BackedUpMark[]): Promise<Moved> {
  const [{ orgId, storeId } = { orgId: 0, storeId: 0 }] = marks;
  await client.query("BEGIN");
  try {
    await client.query(LOCK, [orgId, storeId]);
    const { rows } = await client.query<{ moved: number }>(MOVE, [orgId, storeId, JSON.stringify(marks)]);
    await client.query("COMMIT");
    return { lives: rows.length, changes: rows.reduce((total, { moved }) => total + moved, 0) };
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}
