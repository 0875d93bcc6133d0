import { ERASED } from "@tillsync/protocol";

/** A hash is made of text and bytes; in SQL as in `linkHash`, `privateHash` and `rangeDigest` of the protocol. */
const bytes = (...parts: readonly string[]) => `convert_to(${parts.join(" || ")}, 'UTF8')`;
const LF = "chr(10)";

/** `linkHash` of a row: the hash before it is the one that is stored there. */
const LINK = `sha256(${bytes(
  `'tillsync/change/1' || ${LF} || $3::uuid::text || ${LF} || $4 || ${LF} || h.seq || ${LF} || encode(h.prev, 'hex') || ${LF}`,
  `coalesce((h.origin->>'incarnation') || ':' || (h.origin->>'seq') || ':' || (h.origin->>'hash'), '') || ${LF}`,
)} || b.body)`;

/** In canonical bytes the salted hash of a private part stands behind the payload; no kind of change has it anywhere else. */
const WANTED = `'},"private":"'::bytea`;

/** Whether \`privatePart\` calls what is kept of it whole. */
const PRIVATE = `CASE WHEN position(${WANTED} IN b.body) = 0 THEN p.private IS NULL
  ELSE coalesce(p.private = '${ERASED}'::bytea
    OR ${bytes(`encode(sha256(${bytes(`'tillsync/private/1' || ${LF}`)} || p.private), 'hex')`)}
      = substr(b.body, position(${WANTED} IN b.body) + length(${WANTED}), 64), false) END`;

/** `rangeLine` of a row. */
const LINE = `h.seq || ' ' || encode(h.hash, 'hex') || CASE
  WHEN h.kind = 'inventory.updated' THEN CASE WHEN d.entity IS NULL THEN ' -' ELSE ' +' END
  WHEN h.kind IN ('order.closed', 'transaction.recorded')
    THEN ' ' || coalesce(d.currency, '') || ' ' || coalesce(d.total_minor, 0) || ' ' || coalesce(d.receipt_number, '')
  ELSE '' END`;

/**
 * Digests of the ranges of $7 changes that $5 to $6 consists of, and what their documents come to. Every body is hashed
 * where it lies: bytes are read one row at a time and leave PostgreSQL as 32 of them. The bounds on `seq` stand at every
 * table, so that each is read by one range of its key, and documents are looked up one by one: joined, all of a store's would be read
 * for each thousand. A range without any row is not in the answer.
 */
export const READ_DIGESTS = `
  WITH h AS (
    SELECT seq, hash, origin, kind, local_id, effect,
      CASE WHEN seq = 1 THEN decode(repeat('00', 32), 'hex') WHEN lag(seq) OVER w = seq - 1 THEN lag(hash) OVER w END AS prev
    FROM change_head
    WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq BETWEEN $5::bigint - 1 AND $6::bigint
    WINDOW w AS (ORDER BY seq)
  ), r AS MATERIALIZED (
    SELECT h.seq, h.kind, h.effect, d.entity, d.currency, d.total_minor, ${LINE} AS line,
      coalesce(${LINK} = h.hash, false) AND ${PRIVATE} AS fits
    FROM h
    LEFT JOIN change_body b ON b.org_id = $1 AND b.store_id = $2 AND b.terminal = $3 AND b.incarnation = $4
      AND b.seq = h.seq AND b.seq BETWEEN $5 AND $6
    LEFT JOIN change_private p ON p.org_id = $1 AND p.store_id = $2 AND p.terminal = $3 AND p.incarnation = $4
      AND p.seq = h.seq AND p.seq BETWEEN $5 AND $6
    LEFT JOIN LATERAL (
      SELECT entity, currency, total_minor, receipt_number FROM document
      WHERE org_id = $1 AND store_id = $2 AND entity = split_part(h.kind, '.', 1) AND local_id = h.local_id
        AND terminal = $3 AND incarnation = $4 AND seq = h.seq LIMIT 1
    ) d ON true
    WHERE h.seq >= $5
  )
  SELECT
    (SELECT json_agg(g) FROM (
      SELECT (seq - 1) / $7::bigint AS range, count(*) AS rows, count(*) FILTER (WHERE NOT fits) AS flawed,
        count(*) FILTER (WHERE effect <> 'applied') AS unapplied,
        encode(sha256(${bytes(`'tillsync/range/1' || ${LF} || string_agg(line, ${LF} ORDER BY seq)`)}), 'hex') AS digest
      FROM r GROUP BY 1) g) AS ranges,
    (SELECT json_agg(t) FROM (
      SELECT kind, currency, count(*) AS count, coalesce(sum(total_minor), 0)::text AS "totalMinor" FROM r
      WHERE kind = 'inventory.updated' AND entity IS NOT NULL
        OR kind IN ('order.closed', 'transaction.recorded') AND coalesce(currency, '') <> ''
      GROUP BY 1, 2) t) AS totals,
    (SELECT coalesce(sum(octet_length(body)), 0)::float8 FROM change_body
      WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq BETWEEN $5 AND $6) AS bytes`;
