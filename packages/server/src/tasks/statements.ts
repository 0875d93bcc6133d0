/** The SQL with which the feed is searched for what people have to settle. The scope is set by the transaction. */

export const LOCK_MARK = `SELECT n::float8 AS n FROM task_mark WHERE org_id = $1 AND store_id = $2 FOR UPDATE`;
export const FIRST_MARK = `INSERT INTO task_mark (org_id, store_id, n) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING`;
export const MOVE_MARK = `UPDATE task_mark SET n = $3 WHERE org_id = $1 AND store_id = $2`;
export const FEED_END = `SELECT n::float8 AS n FROM feed_counter WHERE org_id = $1 AND store_id = $2`;

const body = (alias: string, of: string) => `
  LEFT JOIN change_body ${alias} ON ${alias}.org_id = $1 AND ${alias}.store_id = $2 AND ${alias}.terminal = ${of}.terminal
    AND ${alias}.incarnation = ${of}.incarnation AND ${alias}.seq = ${of}.seq`;

/** Closings between two numbers of the feed that lost to another end of their order, and that end. */
export const LOST_CLOSINGS = `
  SELECT h.local_id AS "localId", d.state, h.terminal, b.body, d.terminal AS "standingTerminal", s.body AS "standingBody"
  FROM feed_entry f
  JOIN change_head h ON h.org_id = $1 AND h.store_id = $2 AND h.terminal = f.terminal AND h.incarnation = f.incarnation
    AND h.seq BETWEEN f.from_seq AND f.to_seq AND h.kind = 'order.closed' AND h.effect = 'conflict' AND NOT h.repeat
  JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = 'order' AND d.local_id = h.local_id
  ${body("b", "h")} ${body("s", "d")}
  WHERE f.org_id = $1 AND f.store_id = $2 AND f.n > $3 AND f.n <= $4 AND f.effect = 'conflict' AND f.code = 'ALREADY_CLOSED'`;

/** Returns and voids between two numbers of the feed. */
export const REFUNDS = `
  SELECT d.local_id AS "localId", b.body FROM feed_entry f
  JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = 'order' AND d.document_type IN ('return', 'void')
    AND d.terminal = f.terminal AND d.incarnation = f.incarnation AND d.seq BETWEEN f.from_seq AND f.to_seq
  ${body("b", "d")}
  WHERE f.org_id = $1 AND f.store_id = $2 AND f.n > $3 AND f.n <= $4 AND f.effect = 'applied'`;

export const KEEP_REFUND = `
  INSERT INTO refund (org_id, store_id, local_id, original_local_id, original_receipt, currency, amount_minor)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`;

const SALE = `d.org_id = $1 AND d.store_id = $2 AND d.entity = 'order' AND d.state = 'closed'
  AND coalesce(d.document_type, 'sale') NOT IN ('return', 'void')`;

/** An original may arrive after what takes it back: its till was offline for longer. */
export const VERIFY_REFUNDS = `
  UPDATE refund r SET original = found.original FROM (
    SELECT u.local_id, coalesce(
      (SELECT d.local_id FROM document d WHERE ${SALE} AND d.local_id = u.original_local_id),
      (SELECT d.local_id FROM document d WHERE ${SALE} AND d.receipt_number = u.original_receipt LIMIT 1)) AS original
    FROM refund u WHERE u.org_id = $1 AND u.store_id = $2 AND u.original IS NULL
  ) found
  WHERE r.org_id = $1 AND r.store_id = $2 AND r.local_id = found.local_id AND found.original IS NOT NULL
  RETURNING r.original`;

/** Originals of which more was given back than was paid. */
export const EXCEEDED = `
  SELECT d.local_id AS "localId", d.receipt_number AS "receiptNumber", d.currency, d.total_minor::float8 AS "totalMinor",
    sum(r.amount_minor)::float8 AS "refundedMinor",
    json_agg(json_build_object('localId', r.local_id, 'amountMinor', r.amount_minor) ORDER BY r.local_id) AS refunds
  FROM document d JOIN refund r ON r.org_id = $1 AND r.store_id = $2 AND r.original = d.local_id AND r.currency = d.currency
  WHERE d.org_id = $1 AND d.store_id = $2 AND d.entity = 'order' AND d.local_id = ANY ($3::text[])
  GROUP BY d.local_id, d.receipt_number, d.currency, d.total_minor HAVING sum(r.amount_minor) > d.total_minor`;

/** What was resolved is open again when there is more to it. */
export const RAISE = `
  INSERT INTO task AS t (org_id, store_id, kind, subject, evidence, created_at) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (org_id, store_id, kind, subject) DO UPDATE SET evidence = excluded.evidence, state = 'open',
    resolved_at = NULL, resolved_by = NULL, reason = NULL
  WHERE t.evidence IS DISTINCT FROM excluded.evidence`;

export const READ_EVIDENCE = `SELECT evidence FROM task WHERE org_id = $1 AND store_id = $2 AND kind = $3 AND subject = $4`;

const COLUMNS = `kind, subject, state, evidence, created_at AS "createdAt", resolved_at AS "resolvedAt",
  resolved_by AS "resolvedBy", reason`;

export const LIST = `
  SELECT ${COLUMNS} FROM task WHERE org_id = $1 AND store_id = $2 AND state = $3 ORDER BY created_at DESC, kind, subject LIMIT $4`;

export const RESOLVE = `
  UPDATE task SET state = 'resolved', resolved_at = coalesce(resolved_at, $5), resolved_by = coalesce(resolved_by, $6),
    reason = coalesce(reason, $7)
  WHERE org_id = $1 AND store_id = $2 AND kind = $3 AND subject = $4 RETURNING ${COLUMNS}`;
