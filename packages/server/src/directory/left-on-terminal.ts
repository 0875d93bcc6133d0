import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";

/** What a terminal still holds that nobody else has, or that is not settled, as of when it last called. */
export interface LeftOnTerminal {
  /** Changes that it said it has and the centre has not. */
  readonly changes: number;
  readonly openShifts: number;
  /** Closed ones that are not settled: the centre may need the terminal's bytes. */
  readonly unsettledShifts: number;
  /** Changes stored without intact bytes: only the terminal can mend them. */
  readonly damaged: number;
  /** Null when it never called. */
  readonly lastSeenAt: string | null;
}

/** How far the lives of terminals have come; visible to the operator too. */
export async function readMarks(client: pg.PoolClient, { orgId, storeId }: Scope, terminal: string | null) {
  const { rows } = await client.query<{ terminal: string; changes: number; seen: Date }>(
    `SELECT terminal, sum(greatest(head_seq - durable_through, 0))::integer AS changes, max(last_seen_at) AS seen
     FROM incarnation WHERE org_id = $1 AND store_id = $2 AND ($3::uuid IS NULL OR terminal = $3) GROUP BY terminal`,
    [orgId, storeId, terminal],
  );
  return new Map(rows.map((row) => [row.terminal, row]));
}

/** Of every terminal of a store. In its scope: shifts are documents, which the operator does not see. */
export async function readLeft(client: pg.PoolClient, scope: Scope): Promise<Map<string, LeftOnTerminal>> {
  const marks = await readMarks(client, scope, null);
  const { rows } = await client.query<{ terminal: string; open: number; unsettled: number; damaged: number }>(
    `SELECT terminal, sum(open)::integer AS open, sum(unsettled)::integer AS unsettled, sum(damaged)::integer AS damaged FROM (
       SELECT terminal, 1 AS open, 0 AS unsettled, 0 AS damaged FROM document
       WHERE org_id = $1 AND store_id = $2 AND entity = 'shift' AND state = 'open'
       UNION ALL
       SELECT terminal, 0, 1, 0 FROM shift_settlement WHERE org_id = $1 AND store_id = $2 AND state = 'different'
       UNION ALL
       SELECT terminal, 0, 1, 0 FROM change_head h WHERE org_id = $1 AND store_id = $2 AND kind = 'shift.closed'
         AND NOT EXISTS (SELECT FROM shift_settlement s WHERE s.org_id = h.org_id AND s.store_id = h.store_id
           AND s.terminal = h.terminal AND s.incarnation = h.incarnation AND s.seq = h.seq)
       UNION ALL
       SELECT terminal, 0, 0, 1 FROM change_head WHERE org_id = $1 AND store_id = $2 AND damaged
     ) AS one GROUP BY terminal`,
    [scope.orgId, scope.storeId],
  );
  const counts = new Map(rows.map((row) => [row.terminal, row]));
  const terminals = new Set([...marks.keys(), ...counts.keys()]);
  return new Map(
    [...terminals].map((terminal) => {
      const { open: openShifts = 0, unsettled: unsettledShifts = 0, damaged = 0 } = counts.get(terminal) ?? {};
      const { changes = 0, seen } = marks.get(terminal) ?? {};
      return [terminal, { changes, openShifts, unsettledShifts, damaged, lastSeenAt: seen?.toISOString() ?? null }];
    }),
  );
}

export const NEVER_CALLED: LeftOnTerminal = {
  changes: 0,
  openShifts: 0,
  unsettledShifts: 0,
  damaged: 0,
  lastSeenAt: null,
};

/** True when nothing of it would be missed, as far as it has told. */
export function isEmpty({ changes, openShifts, unsettledShifts, damaged }: LeftOnTerminal): boolean {
  return changes + openShifts + unsettledShifts + damaged === 0;
}

/** The same as a person reads it. */
export function sayLeft({ changes, openShifts, unsettledShifts, damaged, lastSeenAt }: LeftOnTerminal): string {
  const parts = [
    [changes, "changes that head office lacks"],
    [openShifts, "shifts that are open"],
    [unsettledShifts, "closed shifts that are not settled"],
    [damaged, "changes whose bytes only it may have"],
  ] as const;
  const said = parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  if (lastSeenAt === null) return "it never called, so nobody knows what is on it";
  return `${said.length === 0 ? "nothing that is known of" : said.join(", ")}, as of ${lastSeenAt}`;
}
