/**
 * The SQL of ingest, one statement a constant. Rows travel as one JSON parameter that PostgreSQL takes apart: for text
 * columns that is twice as fast as arrays with `unnest` (reference/performance.md, W2). The scope is set by the
 * transaction; `org_id` and `store_id` are given all the same, so that every index is used from its first column.
 */

/** The terminal's row is the lock that orders everything one terminal sends. */
export const LOCK_TERMINAL = `SELECT kind FROM terminal WHERE org_id = $1 AND store_id = $2 AND terminal = $3 FOR NO KEY UPDATE`;

/** The terminals of a shared transaction, in the order in which every such transaction locks them. */
export const LOCK_TERMINALS = `
  SELECT terminal, kind FROM terminal WHERE org_id = $1 AND store_id = $2 AND terminal = ANY ($3::uuid[])
  ORDER BY terminal FOR NO KEY UPDATE`;

const mark = (terminal: string, incarnation: string) => `
  ordinal, durable_through::float8 AS "durableThrough", encode(chain_hash, 'hex') AS "chainHash",
    backed_up_through::float8 AS "backedUpThrough", to_char(receipt_date, 'YYYY-MM-DD') AS "receiptDate",
    receipt_sequence::float8 AS "receiptSequence",
    EXISTS (SELECT FROM change_head h WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = ${terminal} AND h.effect = 'pending') AS "hasPending",
    EXISTS (SELECT FROM change_head h WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = ${terminal} AND h.incarnation = ${incarnation} AND h.damaged) AS "hasDamaged",
    NOT EXISTS (SELECT FROM change_head h WHERE h.org_id = $1 AND h.store_id = $2 AND h.effect IN ('pending', 'waiting', 'parked')) AS "isSettled"`;

export const READ_MARK = `
  SELECT ${mark("$3", "$4")} FROM incarnation i WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4`;

export const INSERT_INCARNATION = `
  INSERT INTO incarnation (org_id, store_id, terminal, incarnation, ordinal, chain_hash, first_seen_at, last_seen_at)
  SELECT $1, $2, $3, $4, count(*) + 1, decode($5, 'hex'), $6, $6 FROM incarnation WHERE org_id = $1 AND store_id = $2 AND terminal = $3`;

export const READ_HASHES = `
  SELECT seq::float8 AS seq, encode(hash, 'hex') AS hash FROM change_head
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq BETWEEN $5 AND $6`;

export const KNOWN_CHANGE_IDS = `
  SELECT change_id AS "changeId" FROM change_head
  WHERE org_id = $1 AND store_id = $2 AND NOT repeat AND change_id = ANY ($3::uuid[])
    AND ($4::uuid IS NULL OR terminal <> $4 OR incarnation <> $5 OR seq <> $6)`;

/** A pending change of another terminal holds nobody up: it is interpreted in a moment, and two that wait for each other wait for ever. */
export const BLOCKED = `
  SELECT DISTINCT local_id AS "localId" FROM change_head
  WHERE org_id = $1 AND store_id = $2 AND effect IN ('pending', 'waiting', 'parked') AND local_id = ANY ($3::text[])
    AND CASE WHEN $4::uuid IS NULL THEN effect <> 'pending'
      WHEN terminal = $4 AND incarnation = $5 THEN seq < $6
      ELSE effect = 'parked' END`;

/**
 * Head, body and private part of every change of a batch. The bytes of all of them travel as one binary parameter, $8, of
 * which each row names its piece: as JSON text they would be escaped here and unescaped there, which costs as much as
 * inserting the rows, and PostgreSQL's JSON has no NUL.
 */
const store = (terminal: string, incarnation: string) => `
  r AS (
    SELECT * FROM json_to_recordset($5::json) AS r(life integer, seq bigint, hash text, "changeId" uuid, kind text, "localId" text,
      effect text, code text, message text, origin jsonb, repeat boolean, damaged boolean, "bodyAt" integer, "bodyBytes" integer,
      "privateAt" integer, "privateBytes" integer)
  ), head AS (
    INSERT INTO change_head (org_id, store_id, terminal, incarnation, seq, hash, change_id, kind, local_id, effect, code, message,
      origin, repeat, damaged, received_at)
    SELECT $1, $2, ${terminal}, ${incarnation}, seq, decode(hash, 'hex'), "changeId", kind, "localId", effect, code, message, origin,
      coalesce(repeat, false), coalesce(damaged, false), $6 FROM r
  ), secret AS (
    INSERT INTO change_private (org_id, store_id, terminal, incarnation, seq, private)
    SELECT $1, $2, ${terminal}, ${incarnation}, seq, substr($8::bytea, "privateAt", "privateBytes") FROM r WHERE "privateAt" IS NOT NULL
  )`;
const bodies = (terminal: string, incarnation: string) => `
  INSERT INTO change_body (org_id, store_id, terminal, incarnation, seq, received_month, body)
  SELECT $1, $2, ${terminal}, ${incarnation}, seq, $7, substr($8::bytea, "bodyAt", "bodyBytes") FROM r`;

export const STORE_CHANGES = `WITH ${store("$3", "$4")} ${bodies("$3", "$4")}`;

/** Whose row it is, where rows of several lives travel together: $3 and $4 list the lives, `life` counts from 1. */
const TERMINAL = "($3::uuid[])[life]";
const INCARNATION = "($4::text[])[life]";

/** Replaces bytes, or puts them where none are left; the month of the row is the one it was received in. */
export const REPAIR_BODY = `
  WITH there AS (
    UPDATE change_body b SET body = $6
    FROM change_head h
    WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = $3 AND h.incarnation = $4 AND h.seq = $5
      AND b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal AND b.incarnation = h.incarnation AND b.seq = h.seq
    RETURNING 1
  )
  INSERT INTO change_body (org_id, store_id, terminal, incarnation, seq, received_month, body)
  SELECT org_id, store_id, terminal, incarnation, seq, date_trunc('month', received_at)::date, $6 FROM change_head
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = $5 AND NOT EXISTS (SELECT FROM there)`;

/** One that was judged by bytes which were not its own is judged again; any other keeps what became of it. */
const MISJUDGED = `(effect = 'parked' AND code = 'BODY_DAMAGED' OR effect = 'conflict' AND repeat)`;

export const REPAIR_HEAD = `
  UPDATE change_head SET damaged = false, effect = CASE WHEN ${MISJUDGED} THEN 'pending' ELSE effect END,
    code = CASE WHEN ${MISJUDGED} THEN NULL ELSE code END, message = CASE WHEN ${MISJUDGED} THEN NULL ELSE message END,
    change_id = $6, kind = $7, local_id = $8, repeat = $9, hash = decode($10, 'hex'), origin = $11::jsonb
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = $5`;

export const READ_PRIVATE = `
  SELECT b.body, p.private FROM change_body b
  LEFT JOIN change_private p ON p.org_id = b.org_id AND p.store_id = b.store_id AND p.terminal = b.terminal AND p.incarnation = b.incarnation AND p.seq = b.seq
  WHERE b.org_id = $1 AND b.store_id = $2 AND b.terminal = $3 AND b.incarnation = $4 AND b.seq = $5`;

/** Private parts are written and erased, never changed: this and `PUT_PRIVATE` replace one. */
export const DROP_PRIVATE = `
  DELETE FROM change_private WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = ANY ($5::bigint[])`;

export const PUT_PRIVATE = `
  INSERT INTO change_private (org_id, store_id, terminal, incarnation, seq, private) VALUES ($1, $2, $3, $4, $5, $6)`;

/** What was parked for a private part that was not its own is judged again. */
export const RELEASE_PRIVATE = `
  UPDATE change_head SET effect = 'pending', code = NULL, message = NULL
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = ANY ($5::bigint[])
    AND effect = 'parked' AND code = 'PRIVATE_MISMATCH'
  RETURNING local_id AS "localId"`;

export const RESOLVE_PARKED = `
  UPDATE change_head SET effect = $6, code = $7, message = $8
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = $5 AND effect IN ('parked', 'pending')
  RETURNING local_id AS "localId"`;

/** What waited behind a change that was repaired, tried again or given up gets its turn. */
export const WAKE_WAITING = `
  UPDATE change_head SET effect = 'pending', code = NULL, message = NULL
  WHERE org_id = $1 AND store_id = $2 AND local_id = $3 AND effect = 'waiting'`;

/** The hash before is looked up row by row: joined, the planner would rather read the whole life. */
export const READ_DAMAGED = `
  SELECT d.seq::float8 AS seq, encode(d.hash, 'hex') AS hash, d.origin,
    (SELECT encode(p.hash, 'hex') FROM change_head p WHERE p.org_id = $1 AND p.store_id = $2 AND p.terminal = $3
       AND p.incarnation = $4 AND p.seq = d.seq - 1) AS "prevHash"
  FROM change_head d
  WHERE d.org_id = $1 AND d.store_id = $2 AND d.terminal = $3 AND d.incarnation = $4 AND d.damaged AND d.seq >= $5
  ORDER BY d.seq LIMIT $6`;

/** Rows near places that are repaired. A hash of zeros stands for one that is lost (`settlement/statements.ts`). */
export const READ_AROUND = `
  SELECT h.seq::float8 AS seq, encode(nullif(h.hash, decode(repeat('00', 32), 'hex')), 'hex') AS hash, h.origin, b.body
  FROM change_head h
  LEFT JOIN change_body b ON b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal AND b.incarnation = h.incarnation AND b.seq = h.seq
  WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = $3 AND h.incarnation = $4 AND h.seq = ANY ($5::bigint[])`;

export const READ_END = `
  SELECT durable_through::float8 AS seq, encode(chain_hash, 'hex') AS hash FROM incarnation
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4`;

export const SET_HASH = `
  UPDATE change_head SET hash = decode($6, 'hex')
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = $5`;

export const SET_DAMAGED = `
  UPDATE change_head SET damaged = true
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = ANY ($5::bigint[]) AND NOT damaged`;

export const REJUDGE = `
  UPDATE shift_settlement s SET due = true, healed = healed || coalesce(
    (SELECT jsonb_agg(h) FROM unnest($6::bigint[]) h WHERE h BETWEEN s.open_seq AND s.seq AND NOT s.healed @> to_jsonb(h)), '[]')
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4
    AND EXISTS (SELECT FROM unnest($5::bigint[]) c WHERE c BETWEEN s.open_seq AND s.seq)`;

/** What may follow what, as `canFollow` says. Rows come sorted by localId and entity, so that two writers lock them in one order. */
const upsertDocuments = (rows: string, terminal: string, incarnation: string) => `
  INSERT INTO document AS d (org_id, store_id, entity, local_id, state, version, business_date, occurred_at, shift_id,
    document_type, receipt_number, reference, currency, total_minor, content_hash, terminal, incarnation, seq)
  SELECT $1, $2, entity, "localId", state, version, "businessDate", "occurredAt", "shiftId", "documentType", "receiptNumber",
    reference, currency, "totalMinor", decode("contentHash", 'hex'), ${terminal}, ${incarnation}, seq
  FROM json_to_recordset(${rows}::json) AS r(life integer, entity text, "localId" text, state text, version bigint, "businessDate" date,
    "occurredAt" timestamptz, "shiftId" text, "documentType" text, "receiptNumber" text, reference text, currency text,
    "totalMinor" bigint, "contentHash" text, seq bigint)
  ON CONFLICT (org_id, store_id, entity, local_id) DO UPDATE SET state = excluded.state, version = excluded.version,
    business_date = excluded.business_date, occurred_at = excluded.occurred_at, shift_id = excluded.shift_id,
    document_type = excluded.document_type, receipt_number = excluded.receipt_number, reference = excluded.reference,
    currency = coalesce(excluded.currency, d.currency), total_minor = excluded.total_minor,
    content_hash = excluded.content_hash, terminal = excluded.terminal, incarnation = excluded.incarnation, seq = excluded.seq
  WHERE CASE WHEN excluded.content_hash IS NOT NULL
      THEN d.content_hash IS NOT NULL AND d.state <> 'deleted' AND excluded.version > d.version
    ELSE d.state = 'open'
      OR d.state = 'deleted' AND d.content_hash IS NULL AND excluded.state = 'closed' AND d.terminal <> excluded.terminal END`;

export const UPSERT_DOCUMENTS = upsertDocuments("$5", "$3", "$4");

/**
 * A line event is the same whoever brings it and how often. Two copies of one till may have given one id to two events
 * before they heard of each other: both are lines that somebody ordered, and the later one gets its life's name as well.
 */
const insertEvents = (rows: string, terminal: string, incarnation: string) => `
  INSERT INTO order_event (org_id, store_id, local_id, event_id, event, terminal, incarnation, seq)
  SELECT $1, $2, "localId", "eventId" || CASE WHEN EXISTS (SELECT FROM order_event o WHERE o.org_id = $1 AND o.store_id = $2
      AND o.local_id = "localId" AND o.event_id = "eventId" AND o.event <> r.event) THEN '~' || ${incarnation} ELSE '' END,
    r.event, ${terminal}, ${incarnation}, r.seq
  FROM json_to_recordset(${rows}::json) AS r(life integer, "localId" text, "eventId" text, event jsonb, seq bigint)
  ON CONFLICT DO NOTHING`;

export const INSERT_EVENTS = insertEvents("$5", "$3", "$4");

export const READ_DOCUMENT = `
  SELECT state, version::float8 AS version, encode(content_hash, 'hex') AS "contentHash", terminal
  FROM document WHERE org_id = $1 AND store_id = $2 AND entity = $3 AND local_id = $4 FOR NO KEY UPDATE`;

/** Locked in the order in which every other writer locks them. */
export const READ_STANDINGS = `
  SELECT d.entity, d.local_id AS "localId", d.state, d.version::float8 AS version, encode(d.content_hash, 'hex') AS "contentHash", d.terminal
  FROM json_to_recordset($3::json) AS r(entity text, "localId" text)
  JOIN document d ON d.org_id = $1 AND d.store_id = $2 AND d.entity = r.entity AND d.local_id = r."localId"
  ORDER BY d.local_id COLLATE "C", d.entity COLLATE "C" FOR NO KEY UPDATE OF d`;

export const EFFECTS_OF = `
  SELECT change_id AS "changeId", effect, code, message, extract(epoch FROM received_at)::float8 * 1000 AS "receivedAtMs"
  FROM change_head WHERE org_id = $1 AND store_id = $2 AND NOT repeat AND change_id = ANY ($3::uuid[])`;

/** One run a statement: joined with a list of runs, the planner would rather read the whole life than believe that they are short. */
export const SET_EFFECT = `
  UPDATE change_head SET effect = $7, code = $8, message = $9
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq BETWEEN $5 AND $6`;

export const SET_PENDING = `
  UPDATE change_head SET effect = 'pending', code = NULL, message = NULL
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq BETWEEN $5 AND $6
    AND (effect = 'applied' OR effect = 'conflict' AND NOT repeat)`;

export const READ_PENDING = `
  SELECT h.incarnation, h.seq::float8 AS seq, h.damaged, h.repeat, b.body, p.private
  FROM change_head h
  JOIN incarnation i ON i.org_id = h.org_id AND i.store_id = h.store_id AND i.terminal = h.terminal AND i.incarnation = h.incarnation
  LEFT JOIN change_body b ON b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal AND b.incarnation = h.incarnation AND b.seq = h.seq
  LEFT JOIN change_private p ON p.org_id = h.org_id AND p.store_id = h.store_id AND p.terminal = h.terminal AND p.incarnation = h.incarnation AND p.seq = h.seq
  WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = $3 AND h.effect = 'pending'
  ORDER BY i.ordinal, h.seq LIMIT $4`;

/** The mark and the highest receipt after `at`, in which the columns of that life's batch are. */
const advanced = (at: string, headSeq: string, now: string) => `
  durable_through = ${at}"durableThrough", chain_hash = decode(${at}"chainHash", 'hex'),
    head_seq = greatest(${headSeq}, ${at}"durableThrough"), last_seen_at = ${now},
    receipt_sequence = CASE WHEN ${at}"businessDate" IS NULL OR receipt_date > ${at}"businessDate" THEN receipt_sequence
      WHEN receipt_date = ${at}"businessDate" THEN greatest(receipt_sequence, ${at}"sequence") ELSE ${at}"sequence" END,
    receipt_date = greatest(receipt_date, ${at}"businessDate")`;
const RECEIPT = `to_char(receipt_date, 'YYYY-MM-DD') AS "receiptDate", receipt_sequence::float8 AS "receiptSequence"`;

export const ADVANCE = `
  UPDATE incarnation SET ${advanced("m.", "$7::bigint", "$8")}
  FROM (SELECT $5::bigint AS "durableThrough", $6::text AS "chainHash", $9::date AS "businessDate", $10::bigint AS "sequence") m
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4
  RETURNING ${RECEIPT}`;

/**
 * All of one or several batches in one statement, when nothing stands in its way: changes, marks, documents and line
 * events, of one life or of several lives of one store. Each statement costs as much as inserting some sales, and most
 * batches are small. `written` tells whether every document could be written; if not, or if anything fails, each batch
 * is stored by itself, statement by statement. $3 to $4: the lives; $9 and $10: what of `advanced` each of them needs.
 */
export const STORE_AT_ONCE = `
  WITH ${store(TERMINAL, INCARNATION)}, body AS (${bodies(TERMINAL, INCARNATION)}),
    written AS (${upsertDocuments("$10", TERMINAL, INCARNATION)} RETURNING 1),
    events AS (${insertEvents("$11", TERMINAL, INCARNATION)}),
    mark AS (
      UPDATE incarnation i SET ${advanced("m.", 'm."headSeq"', "$6")}
      FROM json_to_recordset($9::json) AS m(life integer, "durableThrough" bigint, "chainHash" text, "headSeq" bigint,
        "businessDate" date, "sequence" bigint)
      WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = ${TERMINAL} AND i.incarnation = ${INCARNATION}
      RETURNING m.life, ${RECEIPT}
    )
  SELECT mark.*, (SELECT count(*) FROM written)::float8 AS written FROM mark`;

/** Seen, nothing sent: keeps "last seen" and "still to come" true without touching anything else. At most every 10 s. */
export const SEEN = `
  UPDATE incarnation SET last_seen_at = $5::timestamptz, head_seq = greatest($6::bigint, durable_through)
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4
    AND (last_seen_at < $5::timestamptz - interval '10 seconds' OR head_seq <> greatest($6::bigint, durable_through))`;

/** As `SEEN`, of several lives: $3 and $4 list them, $6 how far each reaches. */
export const SEEN_ALL = `
  UPDATE incarnation i SET last_seen_at = $5::timestamptz, head_seq = greatest(s.head_seq, durable_through)
  FROM unnest($3::uuid[], $4::text[], $6::bigint[]) AS s(terminal, incarnation, head_seq)
  WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = s.terminal AND i.incarnation = s.incarnation
    AND (last_seen_at < $5::timestamptz - interval '10 seconds' OR i.head_seq <> greatest(s.head_seq, durable_through))`;

/**
 * Appends to the feed: the counter is bumped and its chain value made in the same statement that writes the entries, and
 * stays locked until COMMIT, so numbers become visible in their order and without gaps (reliability.md F3). Chance makes the
 * chain one of its own: a centre that was put back may give the same places to other changes.
 */
export const APPEND_FEED = `
  WITH c AS (
    UPDATE feed_counter SET n = n + $6::bigint, chain = sha256(chain || decode($7, 'hex') || uuid_send(gen_random_uuid())), at_ms = greatest(at_ms + 1, $8::bigint)
    WHERE org_id = $1 AND store_id = $2 RETURNING n, chain, at_ms
  )
  INSERT INTO feed_entry (org_id, store_id, n, chain, at_ms, terminal, incarnation, from_seq, to_seq, effect, code, message, again)
  SELECT $1::integer, $2::integer, c.n - $6::bigint + r.i, c.chain, c.at_ms, ${TERMINAL}, ${INCARNATION}, r."fromSeq", r."toSeq", r.effect, r.code, r.message, coalesce(r.again, false)
  FROM c, json_to_recordset($5::json) AS r(i bigint, life integer, "fromSeq" bigint, "toSeq" bigint, effect text, code text, message text,
    again boolean)`;

/**
 * A till knows more than this database has, so the numbers behind the present one were given before: they go on under
 * another epoch. Only the first who proves it changes anything. What was given to this feed in the time of an epoch that
 * is a hundred renewals old, nobody asks for.
 */
export const RENEW_FEED = `
  UPDATE feed_counter SET epoch = gen_random_uuid(), former = (CASE WHEN jsonb_array_length(former) >= 100 THEN former - 0 ELSE former END)
    || jsonb_build_array(jsonb_build_object('epoch', epoch, 'n', n))
  WHERE org_id = $1 AND store_id = $2 AND epoch = $3::uuid RETURNING n`;

/**
 * Counter and entries in one snapshot: nothing behind the returned mark can be missing from what is before it. Either way
 * one range of one index: of a terminal's own entries, or of all.
 */
const feed = (terminal: string | null, cursor: string, limit: string) => `
  c.epoch, c.former, c.n::float8 AS n, encode(c.chain, 'hex') AS chain,
    (SELECT encode(chain, 'hex') FROM feed_entry WHERE org_id = $1 AND store_id = $2 AND n = ${cursor}::bigint) AS "cursorChain",
    coalesce((SELECT json_agg(e ORDER BY e.n) FROM (
      SELECT n, encode(chain, 'hex') AS chain, terminal, incarnation, from_seq AS "fromSeq", to_seq AS "toSeq", effect, code, message, settlement, again
      FROM feed_entry WHERE org_id = $1 AND store_id = $2 ${terminal === null ? "" : `AND terminal = ${terminal}`} AND n > ${cursor}::bigint AND n <= c.n
      ORDER BY n LIMIT ${limit}) e), '[]') AS entries`;

export const READ_FEED = `SELECT ${feed("$3", "$4", "$5")} FROM feed_counter c WHERE c.org_id = $1 AND c.store_id = $2`;
export const READ_WHOLE_FEED = `SELECT ${feed(null, "$3", "$4")} FROM feed_counter c WHERE c.org_id = $1 AND c.store_id = $2`;

/** Both at once, for a terminal that was here before. */
const markAndFeed = (terminal: string | null) => `
  SELECT ${mark("$3", "$4")}, ${feed(terminal, "$5", "$6")} FROM incarnation i, feed_counter c
  WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = $3 AND i.incarnation = $4 AND c.org_id = $1 AND c.store_id = $2`;

export const READ_MARK_AND_FEED = markAndFeed("$3");
export const READ_MARK_AND_WHOLE_FEED = markAndFeed(null);

/** Both at once for several lives: $3 and $4 list them, $5 their cursors. LATERAL with LIMIT has each looked up by itself. */
const marksAndFeeds = (terminal: string | null) => `
  SELECT l.life::float8 AS life, m.* FROM unnest($3::uuid[], $4::text[], $5::bigint[]) WITH ORDINALITY AS l(terminal, incarnation, cursor, life)
  CROSS JOIN LATERAL (
    SELECT ${mark("l.terminal", "l.incarnation")}, ${feed(terminal, "l.cursor", "$6")} FROM incarnation i, feed_counter c
    WHERE i.org_id = $1 AND i.store_id = $2 AND i.terminal = l.terminal AND i.incarnation = l.incarnation
      AND c.org_id = $1 AND c.store_id = $2 LIMIT 1) m`;

export const READ_MARKS_AND_FEEDS = marksAndFeeds("l.terminal");
export const READ_MARKS_AND_WHOLE_FEEDS = marksAndFeeds(null);

/** What a change is hashed with beside its bytes; the one before it is looked up row by row, as in `READ_DAMAGED`. */
const HASHED = `encode(h.hash, 'hex') AS hash, h.origin, (
        SELECT encode(p.hash, 'hex') FROM change_head p WHERE p.org_id = $1 AND p.store_id = $2 AND p.terminal = h.terminal
          AND p.incarnation = h.incarnation AND p.seq = h.seq - 1) AS "prevHash"`;

/**
 * Bytes of others' changes, $3 the slices, $4 the kinds, $5 how many bytes: those of a change are left out when the ones
 * before it have taken that much. LATERAL with LIMIT has each slice looked up by itself. $6: of closed orders only those
 * that were open before, for terminals that follow open orders.
 */
export const READ_TOLD = `
  SELECT n::float8 AS n, seq::float8 AS seq, CASE WHEN before < $5::bigint THEN body END AS body, hash, origin, "prevHash" FROM (
    SELECT r.n, c.*, sum(octet_length(c.body)) OVER (ORDER BY r.n, c.seq) - octet_length(c.body) AS before
    FROM json_to_recordset($3::json) AS r(n bigint, terminal uuid, incarnation text, "fromSeq" bigint, "toSeq" bigint)
    CROSS JOIN LATERAL (
      SELECT h.seq, b.body, ${HASHED} FROM change_head h
      JOIN change_body b ON b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal
        AND b.incarnation = h.incarnation AND b.seq = h.seq AND b.received_month = date_trunc('month', h.received_at)::date
      WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = r.terminal AND h.incarnation = r.incarnation
        AND h.seq BETWEEN r."fromSeq" AND r."toSeq" AND h.kind = ANY ($4::text[]) AND NOT h.damaged
        AND (NOT $6::boolean OR h.kind <> 'order.closed' OR EXISTS (SELECT FROM change_head e
          WHERE e.org_id = $1 AND e.store_id = $2 AND e.local_id = h.local_id AND e.kind = 'order.edited'))
      ORDER BY h.seq LIMIT 1000
    ) c
  ) page ORDER BY n, seq`;

/** Changes that others are told of, with what became of each. */
export const READ_TELLABLE = `
  SELECT seq::float8 AS seq, effect, code, message FROM change_head
  WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = ANY ($5::bigint[])
    AND effect IN ('applied', 'conflict') ORDER BY seq`;

export const READ_COMMIT_TIME = `
  SELECT at_ms::float8 AS "atMs" FROM feed_entry WHERE org_id = $1 AND store_id = $2 AND n = $3`;

/** The first $4 orders behind $3 that are open, with what was applied of them. */
export const READ_OPEN_ORDERS = `
  SELECT d.local_id AS "localId", h.terminal, h.incarnation, h.seq::float8 AS seq, b.body, ${HASHED} FROM (
    SELECT local_id FROM document WHERE org_id = $1 AND store_id = $2 AND entity = 'order' AND state = 'open' AND local_id > $3
    ORDER BY local_id LIMIT $4
  ) d
  LEFT JOIN LATERAL (
    SELECT * FROM change_head WHERE org_id = $1 AND store_id = $2 AND local_id = d.local_id AND kind = 'order.edited'
      AND effect = 'applied' AND NOT damaged LIMIT 1000
  ) h ON true
  LEFT JOIN change_body b ON b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal
    AND b.incarnation = h.incarnation AND b.seq = h.seq AND b.received_month = date_trunc('month', h.received_at)::date
  ORDER BY d.local_id, h.terminal, h.incarnation, h.seq`;
