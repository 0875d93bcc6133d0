/** The SQL with which shared records are written. As in `ingest/statements.ts`, the scope is set by the transaction. */

export const MAKE_WRITER = `INSERT INTO record_writer (org_id) VALUES ($1) ON CONFLICT DO NOTHING`;

/** One writer at a time for an organization. */
export const LOCK_WRITER = `SELECT 1 FROM record_writer WHERE org_id = $1 FOR UPDATE`;

/** Edits of the store that are applied and not merged, in the order in which they came. */
export const READ_UNMERGED = `
  SELECT h.terminal, h.incarnation, h.seq::float8 AS seq, h.local_id AS id, b.body, p.private,
    extract(epoch FROM h.received_at)::float8 * 1000 AS "receivedAtMs"
  FROM change_head h
  JOIN incarnation i ON i.org_id = h.org_id AND i.store_id = h.store_id AND i.terminal = h.terminal AND i.incarnation = h.incarnation
  LEFT JOIN change_body b ON b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal AND b.incarnation = h.incarnation AND b.seq = h.seq
  LEFT JOIN change_private p ON p.org_id = h.org_id AND p.store_id = h.store_id AND p.terminal = h.terminal AND p.incarnation = h.incarnation AND p.seq = h.seq
  WHERE h.org_id = $1 AND h.store_id = $2 AND h.kind = 'customer.edited' AND h.received_at >= $3 AND h.effect = 'applied'
    AND NOT EXISTS (SELECT FROM record_merged m WHERE m.org_id = h.org_id AND m.store_id = h.store_id AND m.terminal = h.terminal
      AND m.incarnation = h.incarnation AND m.seq = h.seq)
  ORDER BY h.received_at, i.ordinal, h.seq LIMIT $4 OFFSET $5`;

/** Stores with such edits, received since then. */
export const FIND_UNMERGED = `
  SELECT DISTINCT org_id AS "orgId", store_id AS "storeId" FROM change_head h
  WHERE kind = 'customer.edited' AND received_at >= $1 AND effect = 'applied'
    AND NOT EXISTS (SELECT FROM record_merged m WHERE m.org_id = h.org_id AND m.store_id = h.store_id AND m.terminal = h.terminal
      AND m.incarnation = h.incarnation AND m.seq = h.seq)`;

export const READ_STATES = `
  SELECT id, fields, totals FROM record_state WHERE org_id = $1 AND module = 'customers' AND id = ANY ($2::text[])`;

export const WRITE_STATES = `
  INSERT INTO record_state AS s (org_id, module, id, fields, totals)
  SELECT $1, 'customers', id, fields, totals FROM json_to_recordset($2::json) AS r(id text, fields jsonb, totals jsonb)
  ON CONFLICT (org_id, module, id) DO UPDATE SET fields = excluded.fields, totals = excluded.totals`;

export const NOTE_MERGED = `
  INSERT INTO record_merged (org_id, store_id, terminal, incarnation, seq)
  SELECT $1, $2, terminal, incarnation, seq FROM json_to_recordset($3::json) AS r(terminal uuid, incarnation text, seq bigint)`;

/** The store whose conflict is written next: a write that lost may be of another store than the one that stands. */
export const SET_STORE = `SELECT set_config('tillsync.store', $1, true)`;

export const INSERT_CONFLICT = `
  INSERT INTO conflict (org_id, store_id, entity_type, entity_id, conflict_type, terminal, incarnation, seq,
    by_store_id, by_terminal, by_incarnation, by_seq, local_data, remote_data, decided, created_at)
  VALUES ($1, $2, 'customer', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`;
