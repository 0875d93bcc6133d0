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

/**
 * Receipt numbers that those terminals were told of. Each step is fenced (`OFFSET 0`): without statistics PostgreSQL begins
 * with all documents of the store, for a search that mostly has no terminal to look after.
 */
export const RECEIPTS_TOLD = `
  WITH touched AS (${TOUCHED})
  SELECT DISTINCT d.receipt_number AS "receiptNumber" FROM touched x
  CROSS JOIN LATERAL (
    SELECT f.incarnation, f.from_seq, f.to_seq FROM feed_entry f
    WHERE f.org_id = $1 AND f.store_id = $2 AND f.terminal = x.terminal AND f.n > $3 AND f.n <= $4 OFFSET 0) f
  CROSS JOIN LATERAL (
    SELECT h.local_id FROM change_head h
    WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = x.terminal AND h.incarnation = f.incarnation
      AND h.seq BETWEEN f.from_seq AND f.to_seq AND h.kind = 'order.closed' OFFSET 0) h
  CROSS JOIN LATERAL (
    SELECT o.receipt_number FROM document o
    WHERE o.org_id = $1 AND o.store_id = $2 AND o.entity = 'order' AND o.local_id = h.local_id
      AND o.receipt_number IS NOT NULL OFFSET 0) d`;

/** All documents of those among these numbers that stand on more than one: one pass, whatever the planner knows. */
export const RECEIPTS_TWICE = `
  WITH numbered AS (
    SELECT d.*, count(*) OVER (PARTITION BY d.receipt_number) AS papers FROM document d
    WHERE d.org_id = $1 AND d.store_id = $2 AND d.receipt_number = ANY ($3::text[]))
  SELECT d.receipt_number AS "receiptNumber", d.local_id AS "localId", d.terminal, d.incarnation, d.seq::float8 AS seq,
    i.ordinal, d.occurred_at AS "occurredAt", d.currency, d.total_minor::float8 AS "totalMinor"
  FROM numbered d
  JOIN incarnation i ON i.org_id = $1 AND i.store_id = $2 AND i.terminal = d.terminal AND i.incarnation = d.incarnation
  WHERE d.papers > 1 ORDER BY d.receipt_number, d.occurred_at, d.local_id`;
