import type pg from "pg";
import { inScope } from "../db/scope.ts";
import { type EntityKey, entityKey, type Scope, type TerminalLife } from "../ingest/ports.ts";
import { asSyncable, isGone, type UpdateRow } from "./as-syncable.ts";

/** What of the feed a device is to be told: behind `after`, up to `upTo`, but not what it sent itself. */
export interface Span {
  readonly terminal: string;
  readonly after: number;
  readonly upTo: number;
}

/** Changes looked at in one statement. */
const SLICE = 500;
const ENTRIES = 500;

/**
 * The documents of one kind that somebody else changed, as JSON texts; those that are gone are put into `deleted`. A
 * document is told at the change that made it what it is: once, however often it changed in between. What changes while
 * this runs has a number above `upTo` and is told the next time.
 */
export async function* updatesOf(
  pool: pg.Pool,
  scope: Scope,
  span: Span,
  { entity, deleted }: { entity: "order" | "transaction"; deleted: string[] },
): AsyncGenerator<string> {
  for (let after = span.after; after < span.upTo; ) {
    const entries = await inScope(pool, scope, (client) => entriesBehind(client, scope, { ...span, after }));
    for (const runs of slicesOf(entries)) {
      const parameters = [scope.orgId, scope.storeId, JSON.stringify(runs), entity];
      const { rows } = await inScope(pool, scope, (client) => client.query<UpdateRow>(CHANGED, parameters));
      for (const row of rows) {
        if (isGone(row.state)) deleted.push(row.localId);
        else yield asSyncable(row);
      }
    }
    after = entries.at(-1)?.n ?? span.upTo;
  }
}

/** One entry of the feed: a run of changes of one life. */
interface Entry extends TerminalLife {
  readonly n: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

async function entriesBehind(client: pg.PoolClient, { orgId, storeId }: Scope, span: Span): Promise<readonly Entry[]> {
  const { rows } = await client.query<Entry>(
    `SELECT n::float8 AS n, terminal, incarnation, from_seq::float8 AS "fromSeq", to_seq::float8 AS "toSeq"
     FROM feed_entry WHERE org_id = $1 AND store_id = $2 AND n > $3 AND n <= $4 AND terminal <> $5 AND effect = 'applied'
     ORDER BY n LIMIT ${ENTRIES}`,
    [orgId, storeId, span.after, span.upTo, span.terminal],
  );
  return rows;
}

/** Runs together as long as they are short, and cut where they are long: each slice costs about the same. */
function* slicesOf(entries: readonly Entry[]): Generator<Entry[]> {
  let slice: Entry[] = [];
  let room = SLICE;
  for (const entry of entries) {
    for (let fromSeq = entry.fromSeq; fromSeq <= entry.toSeq; ) {
      const toSeq = Math.min(entry.toSeq, fromSeq + room - 1);
      slice.push({ ...entry, fromSeq, toSeq });
      room -= toSeq - fromSeq + 1;
      fromSeq = toSeq + 1;
      if (room > 0) continue;
      yield slice;
      slice = [];
      room = SLICE;
    }
  }
  if (slice.length > 0) yield slice;
}

/** True when nothing can have been told: the common answer, for one look at an index. */
export async function isUpToDate(client: pg.PoolClient, scope: Scope, span: Span): Promise<boolean> {
  if (span.after >= span.upTo) return true;
  const { rowCount } = await client.query(
    `SELECT 1 FROM feed_entry WHERE org_id = $1 AND store_id = $2 AND n > $3 AND n <= $4 AND terminal <> $5
       AND effect = 'applied' LIMIT 1`,
    [scope.orgId, scope.storeId, span.after, span.upTo, span.terminal],
  );
  return rowCount === 0;
}

/** These documents as they stand: the side of a conflict that won. */
export async function documentsOf(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  keys: readonly EntityKey[],
): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<UpdateRow & EntityKey>(STANDING, [orgId, storeId, JSON.stringify(keys)]);
  return new Map(rows.map((row) => [entityKey(row), asSyncable(row)]));
}

const COLUMNS = `p.kind, p.local_id AS "localId", p.state, p.version::float8 AS version, p.entity,
    encode(p.content_hash, 'hex') AS "contentHash", coalesce(t.device_id, t.terminal::text) AS "deviceId",
    extract(epoch FROM p.received_at)::float8 * 1000 AS "receivedAtMs", b.body,
    CASE WHEN p.state = 'open' THEN (SELECT json_agg(v.event) FROM order_event v
      WHERE v.org_id = $1 AND v.store_id = $2 AND v.local_id = p.local_id) END AS events,
    CASE WHEN p.state = 'open' THEN (SELECT json_agg(encode(eb.body, 'base64')) FROM change_head e
      JOIN change_body eb ON eb.org_id = $1 AND eb.store_id = $2 AND eb.terminal = e.terminal
        AND eb.incarnation = e.incarnation AND eb.seq = e.seq
      WHERE e.org_id = $1 AND e.store_id = $2 AND e.local_id = p.local_id AND e.kind = 'order.edited'
        AND e.effect = 'applied') END AS edits
  FROM page p
  JOIN terminal t ON t.org_id = $1 AND t.store_id = $2 AND t.terminal = p.terminal
  LEFT JOIN change_body b ON b.org_id = $1 AND b.store_id = $2 AND b.terminal = p.terminal AND b.incarnation = p.incarnation AND b.seq = p.seq`;

const STANDING = `
  WITH page AS MATERIALIZED (
    SELECT h.terminal, h.incarnation, h.seq, h.kind, h.local_id, h.received_at, d.entity, d.state, d.version, d.content_hash
    FROM json_to_recordset($3::json) AS r(entity text, "localId" text)
    JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = r.entity AND d.local_id = r."localId"
    JOIN change_head h ON h.org_id = $1 AND h.store_id = $2 AND h.terminal = d.terminal AND h.incarnation = d.incarnation AND h.seq = d.seq
  )
  SELECT ${COLUMNS}`;

/** Run by run and change by change: joined freely, the planner would rather read the whole history than believe in 500 rows. */
export const CHANGED = `
  WITH page AS MATERIALIZED (
    SELECT r.ordinality AS place, h.*, d.*
    FROM ROWS FROM (json_to_recordset($3::json) AS (terminal uuid, incarnation text, "fromSeq" bigint, "toSeq" bigint)) WITH ORDINALITY AS r
    CROSS JOIN LATERAL (
      SELECT terminal, incarnation, seq, kind, local_id, received_at FROM change_head
      WHERE org_id = $1 AND store_id = $2 AND terminal = r.terminal AND incarnation = r.incarnation
        AND seq BETWEEN r."fromSeq" AND r."toSeq" OFFSET 0
    ) h
    CROSS JOIN LATERAL (
      SELECT entity, state, version, content_hash FROM document
      WHERE org_id = $1 AND store_id = $2 AND entity = $4 AND local_id = h.local_id
        AND terminal = h.terminal AND incarnation = h.incarnation AND seq = h.seq LIMIT 1
    ) d
  )
  SELECT ${COLUMNS}
  ORDER BY p.place, p.seq`;
