/** The SQL of conflict records. As in `ingest/statements.ts`, the scope is set by the transaction. */

/**
 * A record for each change that lost to another version of its document and has none yet. Nothing of it can be lost: that a
 * change is a conflict stands with the change. What stood against it is the version that had come last before it.
 */
export const NOTE_LOST_CHANGES = `
  INSERT INTO conflict (org_id, store_id, entity_type, entity_id, conflict_type, terminal, incarnation, seq,
    by_store_id, by_terminal, by_incarnation, by_seq, decided, created_at)
  SELECT $1, $2, split_part(h.kind, '.', 1), h.local_id, h.code, h.terminal, h.incarnation, h.seq,
    CASE WHEN w.terminal IS NULL THEN NULL ELSE $2 END, w.terminal, w.incarnation, w.seq, $3, h.received_at
  FROM change_head h
  LEFT JOIN LATERAL (
    SELECT w.terminal, w.incarnation, w.seq FROM change_head w
    LEFT JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = split_part(h.kind, '.', 1) AND d.local_id = h.local_id
      AND d.terminal = w.terminal AND d.incarnation = w.incarnation AND d.seq = w.seq
    WHERE w.org_id = $1 AND w.store_id = $2 AND w.local_id = h.local_id AND w.effect = 'applied'
      AND split_part(w.kind, '.', 1) = split_part(h.kind, '.', 1)
    ORDER BY (w.received_at <= h.received_at) DESC, CASE WHEN w.received_at <= h.received_at THEN w.received_at END DESC,
      w.received_at, d.seq IS NOT NULL DESC, w.seq DESC LIMIT 1
  ) w ON true
  WHERE h.org_id = $1 AND h.store_id = $2 AND h.effect = 'conflict' AND NOT h.repeat AND h.code <> 'DISCARDED'
    AND h.kind IS NOT NULL AND h.local_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM conflict c WHERE c.org_id = $1 AND c.store_id = $2 AND c.entity_id = h.local_id
      AND c.terminal = h.terminal AND c.incarnation = h.incarnation AND c.seq = h.seq)
  ORDER BY h.received_at, h.local_id, h.seq
  ON CONFLICT DO NOTHING`;

const COLUMNS = `
  c.conflict_id::float8 AS id, c.entity_type AS "entityType", c.entity_id AS "entityId", c.conflict_type AS "conflictType",
    coalesce(c.resolution, c.decided) AS resolution, c.decided, c.resolved_by AS "resolvedBy", c.created_at AS created,
    c.resolved_at AS resolved, c.reason, c.taken, c.local_data AS local, c.remote_data AS remote,
    c.terminal, t.short_id AS "shortId", c.incarnation, c.seq::float8 AS seq,
    c.by_terminal AS "byTerminal", b.short_id AS "byShortId", c.by_incarnation AS "byIncarnation", c.by_seq::float8 AS "bySeq"`;
const FROM = `
  FROM conflict c
  LEFT JOIN terminal t ON t.org_id = c.org_id AND t.store_id = c.store_id AND t.terminal = c.terminal
  LEFT JOIN terminal b ON b.org_id = c.org_id AND b.store_id = c.store_id AND b.terminal = c.by_terminal`;

/** Newest first: the id says in which order they were found. */
export const LIST = `
  SELECT ${COLUMNS} ${FROM}
  WHERE c.org_id = $1 AND c.store_id = $2 AND ($3::text IS NULL OR (c.resolved_at IS NULL) = ($3 = 'open'))
    AND ($4::bigint IS NULL OR c.conflict_id < $4) ORDER BY c.conflict_id DESC LIMIT $5`;

export const COUNT_OPEN = `SELECT count(*)::float8 AS open FROM conflict WHERE org_id = $1 AND store_id = $2 AND resolved_at IS NULL`;

export const READ_ONE = `
  SELECT ${COLUMNS} ${FROM} WHERE c.org_id = $1 AND c.store_id = $2 AND c.conflict_id = $3`;

export const LOCK_ONE = `
  SELECT resolved_at AS resolved FROM conflict WHERE org_id = $1 AND store_id = $2 AND conflict_id = $3 FOR UPDATE`;

export const READ_BODY = `
  SELECT b.body, h.message, h.received_at AS received FROM change_head h
  LEFT JOIN change_body b USING (org_id, store_id, terminal, incarnation, seq)
  WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = $3 AND h.incarnation = $4 AND h.seq = $5`;

export const RESOLVE = `
  UPDATE conflict SET resolution = $4, resolved_by = $5, reason = $6, taken = $7, resolved_at = $8
  WHERE org_id = $1 AND store_id = $2 AND conflict_id = $3 AND resolved_at IS NULL`;
