import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";

/** Everything up to here is told; the next answer goes on from here. */
export interface FeedMark {
  readonly n: number;
  /** 004 `nextSyncToken`: the time of that feed commit, which no other commit of the store has. */
  readonly tokenMs: number;
}

/**
 * How far back a number is believed that is no token of ours. A device's clock may be a day off; requirement 004 keeps
 * timestamps, and a row committed later than it was stamped would be lost behind one (reliability.md F1).
 */
export const MARGIN_MS = 24 * 60 * 60 * 1000;
/** A device that lost more answers than this in a row is given a day more, and loses nothing. */
export const TOKENS_KEPT = 100;

/** Where the feed stands now. Whatever is committed later has a higher number and a later time. */
export async function readMark(client: pg.PoolClient, { orgId, storeId }: Scope): Promise<FeedMark> {
  const { rows } = await client.query<FeedMark>(
    `SELECT n::float8 AS n, at_ms::float8 AS "tokenMs" FROM feed_counter WHERE org_id = $1 AND store_id = $2`,
    [orgId, storeId],
  );
  if (rows[0] === undefined) throw new Error("this store has no feed counter: it was not made by enrolment");
  return rows[0];
}

/** Remembers that this device was told everything up to `mark`. Call it before the answer is sent. */
export async function issueToken(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  terminal: string,
  { mark, nowMs }: { mark: FeedMark; nowMs: number },
): Promise<void> {
  const device = [orgId, storeId, terminal];
  const { rowCount } = await client.query(
    `INSERT INTO device_token (org_id, store_id, terminal, token_ms, n, issued_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING`,
    [...device, mark.tokenMs, mark.n, new Date(nowMs)],
  );
  if (rowCount === 0) return;
  await client.query(
    `DELETE FROM device_token WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND token_ms <
       (SELECT token_ms FROM device_token WHERE org_id = $1 AND store_id = $2 AND terminal = $3
        ORDER BY token_ms DESC OFFSET ${TOKENS_KEPT - 1} LIMIT 1)`,
    device,
  );
}

/**
 * The feed number behind which a device is to be told. A token that this device was given is exact. Any other number is
 * a time, of whatever clock: it is served from a day earlier, and never from later than a day ago.
 */
export async function startOf(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  terminal: string,
  { sinceMs, mark, nowMs }: { sinceMs: number; mark: FeedMark; nowMs: number },
): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `SELECT n::float8 AS n FROM device_token WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND token_ms = $4`,
    [orgId, storeId, terminal, sinceMs],
  );
  if (rows[0]) return rows[0].n;
  return lastBefore(client, { orgId, storeId }, Math.min(sinceMs, nowMs) - MARGIN_MS, mark.n);
}

/** The last number whose commit was at or before a time: both rise together, so the primary key is enough. */
async function lastBefore(client: pg.PoolClient, { orgId, storeId }: Scope, atMs: number, n: number): Promise<number> {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const { rows } = await client.query<{ atMs: number }>(
      `SELECT at_ms::float8 AS "atMs" FROM feed_entry WHERE org_id = $1 AND store_id = $2 AND n = $3`,
      [orgId, storeId, middle],
    );
    // An entry that is not there any more was long ago.
    if ((rows[0]?.atMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
