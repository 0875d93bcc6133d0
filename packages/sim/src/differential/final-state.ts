import type { openPool } from "@tillsync/server";
import type { Scope } from "@tillsync/server/ingest";
import { COUNTER, type StoreTables } from "../centre/tables.ts";

type Pool = ReturnType<typeof openPool>;
type Rows = readonly string[];

/** Everything that a centre keeps of a store and that both sides can be compared in, as sorted lines. */
export interface FinalState {
  readonly lives: Rows;
  readonly heads: Rows;
  readonly forks: Rows;
  readonly documents: Rows;
  readonly events: Rows;
  readonly feed: Rows;
  readonly feedLength: number;
}

export function memoryState(tables: StoreTables): FinalState {
  const lines = <Row>(rows: Iterable<Row>, line: (row: Row) => unknown[]) =>
    [...rows].map((row) => JSON.stringify(line(row))).sort();
  return {
    lives: lines(tables.lives.values(), (row) => [
      row.terminal,
      row.incarnation,
      row.ordinal,
      row.durableThrough,
      row.chainHash,
      row.headSeq,
      row.receipt?.businessDate ?? null,
      row.receipt?.sequence ?? null,
    ]),
    heads: lines(tables.heads.values(), (row) => [
      row.terminal,
      row.incarnation,
      row.seq,
      row.hash,
      row.changeId,
      row.kind,
      row.localId,
      row.effect,
      row.code,
      row.message,
      row.origin?.incarnation ?? null,
      row.repeat,
      row.damaged,
      hex(row.body),
      row.private,
    ]),
    forks: lines(tables.forks.values(), (row) => [
      row.terminal,
      row.incarnation,
      row.seq,
      row.hash,
      hex(row.body),
      row.private,
    ]),
    documents: lines(tables.documents.values(), (row) => [
      row.entity,
      row.localId,
      row.state,
      row.version,
      row.businessDate,
      row.shiftId,
      row.documentType,
      row.receiptNumber,
      row.reference,
      row.currency,
      row.totalMinor,
      row.contentHash,
      row.terminal,
      row.incarnation,
      row.seq,
    ]),
    events: lines(tables.events.values(), (row) => [row.localId, row.eventId, row.terminal, row.incarnation, row.seq]),
    feed: lines(tables.feed.values(), (row) => [
      row.n,
      row.terminal,
      row.incarnation,
      row.fromSeq,
      row.toSeq,
      row.effect,
      row.code,
      row.message,
    ]),
    feedLength: tables.counter.get(COUNTER)?.n ?? 0,
  };
}

/** @param admin as superuser: row-level security does not hide anything from it */
export async function postgresState(admin: Pool, { orgId, storeId }: Scope): Promise<FinalState> {
  const query = async (columns: string, from: string) => {
    const { rows } = await admin.query({
      text: `SELECT ${columns} FROM tillsync.${from}`,
      values: [orgId, storeId],
      rowMode: "array",
    });
    return (rows as unknown as unknown[][]).map((row) => JSON.stringify(row)).sort();
  };
  const here = "WHERE org_id = $1 AND store_id = $2";
  const place = "USING (org_id, store_id, terminal, incarnation, seq)";
  const counter = await admin.query<{ n: number }>(
    "SELECT n FROM tillsync.feed_counter WHERE org_id = $1 AND store_id = $2",
    [orgId, storeId],
  );
  return {
    lives: await query(
      "terminal, incarnation, ordinal, durable_through, encode(chain_hash, 'hex'), head_seq, to_char(receipt_date, 'YYYY-MM-DD'), receipt_sequence",
      `incarnation ${here}`,
    ),
    heads: await query(
      `terminal, incarnation, seq, encode(hash, 'hex'), change_id, kind, local_id, effect, code, message, origin->>'incarnation', repeat,
       damaged, encode(body, 'hex'), convert_from(private, 'UTF8')`,
      `change_head LEFT JOIN tillsync.change_body ${place} LEFT JOIN tillsync.change_private ${place} ${here}`,
    ),
    forks: await query(
      "terminal, incarnation, seq, encode(hash, 'hex'), encode(body, 'hex'), convert_from(private, 'UTF8')",
      `fork ${here}`,
    ),
    documents: await query(
      `entity, local_id, state, version, to_char(business_date, 'YYYY-MM-DD'), shift_id, document_type, receipt_number, reference, currency,
       total_minor, encode(content_hash, 'hex'), terminal, incarnation, seq`,
      `document ${here}`,
    ),
    events: await query("local_id, event_id, terminal, incarnation, seq", `order_event ${here}`),
    feed: await query("n, terminal, incarnation, from_seq, to_seq, effect, code, message", `feed_entry ${here}`),
    feedLength: counter.rows[0]?.n ?? -1,
  };
}

function hex(text: string): string {
  return Buffer.from(text, "utf8").toString("hex");
}
