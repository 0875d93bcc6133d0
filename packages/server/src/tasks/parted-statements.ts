/** The SQL that finds tills whose histories parted, and receipts whose number was given twice. The scope is set by the transaction. */

/** Terminals told of between two numbers of the feed that have had more than one life: few, in a quiet year none. */
const TOUCHED = `
  SELECT f.terminal, min(f.n) AS first FROM feed_entry f
  WHERE f.org_id = $1 AND f.store_id = $2 AND f.n > $3 AND f.n <= $4 AND EXISTS (
    SELECT FROM incarnation i WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = f.terminal AND i.ordinal > 1)
  GROUP BY f.terminal`;

/** Lives of those terminals that followed another, oldest first, with the bytes that say which. */
export const BIRTHS = `
  WITH touched AS (${TOUCHED})
  SELECT t.terminal, t.short_id AS "shortId", h.incarnation, i.ordinal, h.received_at AS at, b.body
  FROM touched x
  JOIN terminal t ON t.org_id = $1 AND t.store_id = $2 AND t.terminal = x.terminal
  JOIN incarnation i ON i.org_id = $1 AND i.store_id = $2 AND i.terminal = x.terminal
  JOIN change_head h ON h.org_id = $1 AND h.store_id = $2 AND h.terminal = x.terminal AND h.incarnation = i.incarnation
    AND h.seq = 1 AND h.kind = 'terminal.reborn' AND h.origin IS NULL
  LEFT JOIN change_body b ON b.org_id = $1 AND b.store_id = $2 AND b.terminal = h.terminal
    AND b.incarnation = h.incarnation AND b.seq = h.seq
  ORDER BY t.terminal, i.ordinal`;

/** A life that was followed, and when the last that the centre has of it came. */
export const PARENT = `
  SELECT i.ordinal, h.received_at AS "lastAt" FROM incarnation i
  LEFT JOIN change_head h ON h.org_id = $1 AND h.store_id = $2 AND h.terminal = i.terminal
    AND h.incarnation = i.incarnation AND h.seq = i.durable_through
  WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = $3 AND i.incarnation = $4`;

/** When head office gave a terminal to another machine: the life that begins then was meant to. */
export const REPLACEMENTS = `
  SELECT at FROM directory_act WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND act = 'replaced' ORDER BY at`;

/** Receipt numbers of those terminals that stand on another document as well, with all documents that have each. */
export const RECEIPTS_TWICE = `
  WITH touched AS (${TOUCHED}), told AS (
    SELECT DISTINCT d.receipt_number FROM touched x
    JOIN feed_entry f ON f.org_id = $1 AND f.store_id = $2 AND f.terminal = x.terminal AND f.n > $3 AND f.n <= $4
    JOIN change_head h ON h.org_id = $1 AND h.store_id = $2 AND h.terminal = f.terminal AND h.incarnation = f.incarnation
      AND h.seq BETWEEN f.from_seq AND f.to_seq AND h.kind = 'order.closed'
    JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = 'order' AND d.local_id = h.local_id
      AND d.receipt_number IS NOT NULL)
  SELECT d.receipt_number AS "receiptNumber", d.local_id AS "localId", d.terminal, d.incarnation, d.seq::float8 AS seq,
    i.ordinal, d.occurred_at AS "occurredAt", d.currency, d.total_minor::float8 AS "totalMinor"
  FROM told
  JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.receipt_number = told.receipt_number
  JOIN incarnation i ON i.org_id = $1 AND i.store_id = $2 AND i.terminal = d.terminal AND i.incarnation = d.incarnation
  WHERE EXISTS (SELECT FROM document o WHERE o.org_id = $1 AND o.store_id = $2 AND o.receipt_number = d.receipt_number
    AND o.local_id <> d.local_id)
  ORDER BY d.receipt_number, d.occurred_at, d.local_id`;
