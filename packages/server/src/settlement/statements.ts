/**
 * The SQL with which shifts are judged. The scope is set by the transaction; `org_id` and `store_id` are given all the same,
 * so that every index is used from its first column.
 */

export {
  DROP_PRIVATE,
  LOCK_TERMINAL,
  READ_END,
  RELEASE_PRIVATE,
  SET_DAMAGED,
  SET_HASH,
  WAKE_WAITING,
} from "../ingest/statements.ts";

/** The hash of a row of which nothing is left: its place is kept, so that it is asked for. */
const LOST = `decode(repeat('00', 32), 'hex')`;

export const READ_JUDGED = `
  SELECT local_id AS "localId", to_char(business_date, 'YYYY-MM-DD') AS "businessDate", judgement, lacked, healed, due
  FROM shift_settlement WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = $5`;

/**
 * A stretch of rows, each table by one range of its key, and put together by whoever reads them: joined, and with the bounds
 * of row security in it, the planner reads every body of the shift again for each change as long as it has no statistics of
 * a busy day, and 10,000 changes take minutes.
 */
const STRETCH = "org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq BETWEEN $5 AND $6";

export const READ_HEADS = `
  SELECT seq::float8 AS seq, encode(nullif(hash, ${LOST}), 'hex') AS hash, origin, kind, effect, code, repeat, damaged
  FROM change_head WHERE ${STRETCH} ORDER BY seq LIMIT $7`;

/** `bytes`: of this body and those before it; a body past the limit stays where it is, but for the first. */
export const READ_BODIES = `
  SELECT seq::float8 AS seq, bytes::float8 AS bytes, CASE WHEN bytes <= $7 OR place = 1 THEN body END AS body FROM (
    SELECT seq, body, sum(octet_length(body)) OVER w AS bytes, row_number() OVER w AS place FROM change_body WHERE ${STRETCH}
    WINDOW w AS (ORDER BY seq)
  ) sized`;

export const READ_PRIVATES = `SELECT seq::float8 AS seq, private FROM change_private WHERE ${STRETCH}`;

/** Rows that were sent again are few, and have an index of their own. */
export const SENT_AGAIN = `
  SELECT min(seq)::float8 AS "fromSeq", max(seq)::float8 AS "toSeq", min((origin ->> 'seq')::bigint)::float8 AS "originSeq"
  FROM change_head
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq <= $8 AND origin IS NOT NULL
    AND origin ->> 'incarnation' = $5 AND (origin ->> 'seq')::bigint BETWEEN $6 AND $7`;

/** What became of a change whose row is gone, the feed still tells: its last entry about it. */
export const KEEP_PLACES = `
  INSERT INTO change_head (org_id, store_id, terminal, incarnation, seq, hash, effect, code, message, damaged, received_at)
  SELECT $1, $2, $3::uuid, $4, lost.seq, ${LOST}, coalesce(told.effect, 'parked'),
    CASE WHEN told.effect IS NULL THEN 'BODY_DAMAGED' ELSE told.code END, told.message, true, $6
  FROM unnest($5::bigint[]) AS lost(seq)
  LEFT JOIN LATERAL (
    SELECT effect, code, message FROM feed_entry
    WHERE org_id = $1 AND store_id = $2 AND terminal = $3::uuid AND incarnation = $4 AND settlement IS NULL
      AND from_seq <= lost.seq AND to_seq >= lost.seq
    ORDER BY n DESC LIMIT 1
  ) told ON true
  ON CONFLICT DO NOTHING`;

export const RECORD = `
  INSERT INTO shift_settlement (org_id, store_id, terminal, incarnation, seq, local_id, business_date, open_seq, close_seq, state,
    judgement, lacked, healed, judged_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
  ON CONFLICT (org_id, store_id, terminal, incarnation, seq) DO UPDATE SET local_id = excluded.local_id,
    business_date = excluded.business_date, open_seq = excluded.open_seq, close_seq = excluded.close_seq, state = excluded.state,
    judgement = excluded.judgement, lacked = excluded.lacked, healed = excluded.healed, judged_at = excluded.judged_at, due = false`;

/** As ingest appends (reliability.md F3), one entry. */
export const TELL = `
  WITH c AS (
    UPDATE feed_counter SET n = n + 1, chain = sha256(chain || decode($8, 'hex') || uuid_send(gen_random_uuid())), at_ms = greatest(at_ms + 1, $9::bigint)
    WHERE org_id = $1 AND store_id = $2 RETURNING n, chain, at_ms
  )
  INSERT INTO feed_entry (org_id, store_id, n, chain, at_ms, terminal, incarnation, from_seq, to_seq, effect, code, settlement)
  SELECT $1::integer, $2::integer, c.n, c.chain, c.at_ms, $3::uuid, $4, $5::bigint, $5::bigint, $6, $7, $10::jsonb FROM c`;

export const READ_DUE = `
  SELECT terminal, incarnation, seq::float8 AS seq FROM shift_settlement
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND due ORDER BY judged_at LIMIT $4`;

export const NOTE_LACKED = `
  UPDATE shift_settlement s SET due = true, lacked = lacked || (
    SELECT coalesce(jsonb_agg(l), '[]') FROM unnest($5::bigint[]) l WHERE l BETWEEN s.open_seq AND s.seq AND NOT s.lacked @> to_jsonb(l))
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4
    AND EXISTS (SELECT FROM unnest($5::bigint[]) l WHERE l BETWEEN s.open_seq AND s.seq AND NOT s.lacked @> to_jsonb(l))`;

/** Closings that nobody judged, received since then, and shifts that are due again; of all stores. */
export const FIND_UNSETTLED = `
  SELECT org_id AS "orgId", store_id AS "storeId", terminal, incarnation, seq::float8 AS seq FROM (
    SELECT org_id, store_id, terminal, incarnation, seq FROM change_head h
    WHERE kind = 'shift.closed' AND received_at >= $1 AND NOT repeat AND NOT EXISTS (
      SELECT FROM shift_settlement s WHERE s.org_id = h.org_id AND s.store_id = h.store_id AND s.terminal = h.terminal
        AND s.incarnation = h.incarnation AND s.seq = h.seq)
    UNION ALL
    SELECT org_id, store_id, terminal, incarnation, seq FROM shift_settlement WHERE due
  ) unsettled LIMIT $2`;
