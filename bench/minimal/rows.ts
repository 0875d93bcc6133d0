/** A sale as the hand-written pipeline sends it: its JSON, and the few columns that no row can do without. */
export interface MinimalSale {
  readonly seq: number;
  readonly hash: string;
  readonly body: string;
}

/** The JSON of a sale, as far as columns are made from it. */
interface Body {
  readonly changeId: string;
  readonly kind: string;
  readonly localId: string;
  readonly version: number;
  readonly shiftId: string;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly payload: {
    readonly documentType: string;
    readonly receiptNumber: string;
    readonly currency: string;
    readonly totalMinor: number;
  };
}

/** One sale as a row of the JSON parameter of `INSERT_ROWS`. */
export function rowOf({ seq, hash, body }: MinimalSale) {
  const { payload, kind, changeId, localId, version, shiftId, businessDate, occurredAt } = JSON.parse(body) as Body;
  const { documentType, receiptNumber, currency, totalMinor } = payload;
  const own = { seq, hash, body, kind, changeId, localId, version, shiftId, businessDate, occurredAt };
  return { ...own, documentType, receiptNumber, currency, totalMinor };
}

/**
 * Everything a batch of sales becomes at the centre, in one statement and so in one commit: the same rows in the same
 * tables, with the same indexes, as our own ingest writes. $1 org, $2 store, $3 terminal, $4 rows, $5 now, $6 month,
 * $7 from, $8 to. The feed's counter comes last, when the other rows are written, so that batches in flight overlap.
 */
export const INSERT_ROWS = `
  WITH r AS MATERIALIZED (
    SELECT * FROM json_to_recordset($4::json) AS r(seq bigint, hash text, body text, kind text, "changeId" uuid, "localId" text,
      version bigint, "shiftId" text, "businessDate" date, "occurredAt" timestamptz, "documentType" text, "receiptNumber" text,
      currency text, "totalMinor" bigint)
  ), head AS (
    INSERT INTO tillsync.change_head (org_id, store_id, terminal, incarnation, seq, hash, change_id, kind, local_id, effect, received_at)
    SELECT $1, $2, $3, 'minimal', seq, decode(hash, 'hex'), "changeId", kind, "localId", 'applied', $5 FROM r RETURNING 1
  ), body AS (
    INSERT INTO tillsync.change_body (org_id, store_id, terminal, incarnation, seq, received_month, body)
    SELECT $1, $2, $3, 'minimal', seq, $6, convert_to(body, 'UTF8') FROM r RETURNING 1
  ), document AS (
    INSERT INTO tillsync.document (org_id, store_id, entity, local_id, state, version, business_date, occurred_at, shift_id,
      document_type, receipt_number, currency, total_minor, terminal, incarnation, seq)
    SELECT $1, $2, 'order', "localId", 'closed', version, "businessDate", "occurredAt", "shiftId", "documentType",
      "receiptNumber", currency, "totalMinor", $3, 'minimal', seq FROM r RETURNING 1
  ), counter AS (
    UPDATE tillsync.feed_counter SET n = n + 1, at_ms = at_ms + 1
    WHERE org_id = $1 AND store_id = $2
      AND (SELECT count(*) FROM head) + (SELECT count(*) FROM body) + (SELECT count(*) FROM document) > 0
    RETURNING n, chain, at_ms
  )
  INSERT INTO tillsync.feed_entry (org_id, store_id, n, chain, at_ms, terminal, incarnation, from_seq, to_seq, effect)
  SELECT $1, $2, n, chain, at_ms, $3, 'minimal', $7, $8, 'applied' FROM counter`;

/** The parameters of `INSERT_ROWS`. */
export function parametersOf(place: MinimalPlace, rows: readonly ReturnType<typeof rowOf>[]): unknown[] {
  const now = new Date();
  const { orgId, storeId, terminal } = place;
  const month = `${now.toISOString().slice(0, 7)}-01`;
  return [orgId, storeId, terminal, JSON.stringify(rows), now, month, rows[0]?.seq, rows.at(-1)?.seq];
}

export interface MinimalPlace {
  readonly orgId: number;
  readonly storeId: number;
  readonly terminal: string;
}
