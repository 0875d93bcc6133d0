import { type Effect, type Origin, SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { DocumentState, Scope } from "../ingest/ports.ts";

/** An order edited more often than this is cut off; nobody reads further. */
const MAX_CHANGES = 200;
const MAX_DOCUMENTS = 50;
/** Exceptions and forks are few; should they not be, this many are looked through. */
const MAX_SEARCHED = 5000;

export interface FoundChange {
  readonly terminal: string;
  readonly shortId: string;
  readonly incarnation: string;
  readonly ordinal: number;
  readonly seq: number;
  readonly hash: string;
  readonly changeId: string | null;
  readonly kind: string | null;
  readonly localId: string | null;
  readonly effect: Effect;
  readonly code: string | null;
  readonly message: string | null;
  readonly origin: Origin | null;
  readonly repeat: boolean;
  readonly damaged: boolean;
  readonly receivedAt: string;
  /** The bytes as text; null when they are missing. */
  readonly body: string | null;
}

export interface FoundDocument {
  readonly entity: string;
  readonly localId: string;
  readonly state: DocumentState;
  readonly version: number;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly shiftId: string | null;
  readonly documentType: string | null;
  readonly receiptNumber: string | null;
  readonly reference: string | null;
  readonly currency: string | null;
  readonly totalMinor: number | null;
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
}

export interface FoundFork {
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly receivedAt: string;
  readonly body: string;
}

/** Everything the centre knows of one receipt or entity. */
export interface Found {
  readonly changes: readonly FoundChange[];
  readonly documents: readonly FoundDocument[];
  /** Other entities that carry the same receipt number. */
  readonly sameReceipt: readonly FoundDocument[];
  readonly forks: readonly FoundFork[];
}

export interface FindQuery {
  /** A receipt number, a localId, or the source's own number (`reference`). */
  readonly key: string;
  /** Only what this terminal sent; null for everything in the store. */
  readonly terminal: string | null;
}

/**
 * Looks for a receipt number, localId or reference: among documents and changes by their indexes, and in the bytes of
 * those changes that became no document (parked ones, forks), which are few.
 *
 * @throws SyncError NOT_FOUND
 */
export function find(pool: pg.Pool, scope: Scope, query: FindQuery): Promise<Found> {
  return inScope(pool, scope, async (client) => {
    const search: Search = {
      client,
      at: [scope.orgId, scope.storeId, query.terminal],
      text: Buffer.from(JSON.stringify(query.key)),
    };
    const named = await search.client.query<{ localId: string }>(
      `SELECT local_id AS "localId" FROM document WHERE ${IN_STORE} AND receipt_number = $4
       UNION SELECT local_id FROM document WHERE ${IN_STORE} AND reference = $4 LIMIT ${MAX_DOCUMENTS}`,
      [...search.at, query.key],
    );
    const localIds = [...new Set([query.key, ...named.rows.map((row) => row.localId)])];
    const changes = await findChanges(search, localIds);
    const documents = await findDocuments(search, "local_id = ANY ($4)", localIds);
    const receipts = documents.flatMap((document) => document.receiptNumber ?? []);
    const alike = await findDocuments(search, "receipt_number = ANY ($4)", receipts);
    const found = {
      changes,
      documents,
      sameReceipt: alike.filter((document) => !localIds.includes(document.localId)),
      forks: await findForks(search, localIds),
    };
    if (changes.length + documents.length + found.forks.length > 0) return found;
    throw new SyncError("NOT_FOUND", "The centre knows no receipt, document or change of this name.");
  });
}

interface Search {
  readonly client: pg.PoolClient;
  /** Parameters $1 to $3 of every statement. */
  readonly at: readonly [number, number, string | null];
  /** The key as it stands in canonical bytes, quotes included. */
  readonly text: Buffer;
}

const IN_STORE = "org_id = $1 AND store_id = $2 AND ($3::uuid IS NULL OR terminal = $3)";

interface BytesRow {
  readonly received: Date;
  readonly bytes: Buffer | null;
}

async function findChanges({ client, at, text }: Search, localIds: readonly string[]): Promise<FoundChange[]> {
  const { rows } = await client.query<Omit<FoundChange, "receivedAt" | "body"> & BytesRow>(
    `WITH unsettled AS (
       SELECT org_id, store_id, terminal, incarnation, seq FROM change_head
       WHERE ${IN_STORE} AND effect IN ('pending', 'waiting', 'parked') LIMIT ${MAX_SEARCHED}
     ), place AS (
       SELECT org_id, store_id, terminal, incarnation, seq FROM change_head WHERE ${IN_STORE} AND local_id = ANY ($4)
       UNION SELECT org_id, store_id, terminal, incarnation, seq
       FROM unsettled JOIN change_body USING (org_id, store_id, terminal, incarnation, seq) WHERE position($5::bytea IN body) > 0
     )
     SELECT h.terminal, t.short_id AS "shortId", h.incarnation, i.ordinal, h.seq, encode(h.hash, 'hex') AS hash,
       h.change_id AS "changeId", h.kind, h.local_id AS "localId", h.effect, h.code, h.message, h.origin, h.repeat,
       h.damaged, h.received_at AS received, b.body AS bytes
     FROM place JOIN change_head h USING (org_id, store_id, terminal, incarnation, seq)
     JOIN terminal t USING (org_id, store_id, terminal)
     JOIN incarnation i USING (org_id, store_id, terminal, incarnation)
     LEFT JOIN change_body b USING (org_id, store_id, terminal, incarnation, seq)
     ORDER BY h.received_at, i.ordinal, h.seq LIMIT ${MAX_CHANGES}`,
    [...at, localIds, text],
  );
  return rows.map(({ received, bytes, ...row }) => ({
    ...row,
    receivedAt: received.toISOString(),
    body: bytes?.toString("utf8") ?? null,
  }));
}

async function findDocuments(
  { client, at }: Search,
  condition: string,
  values: readonly string[],
): Promise<FoundDocument[]> {
  if (values.length === 0) return [];
  const { rows } = await client.query<Omit<FoundDocument, "occurredAt"> & { readonly occurred: Date }>(
    `SELECT entity, local_id AS "localId", state, version, business_date AS "businessDate", occurred_at AS occurred,
       shift_id AS "shiftId", document_type AS "documentType", receipt_number AS "receiptNumber", reference, currency,
       total_minor AS "totalMinor", terminal, incarnation, seq
     FROM document WHERE ${IN_STORE} AND entity = ANY ('{order,transaction,inventory,shift,terminal}') AND ${condition}
     ORDER BY entity, local_id LIMIT ${MAX_DOCUMENTS}`,
    [...at, values],
  );
  return rows.map(({ occurred, ...row }) => ({ ...row, occurredAt: occurred.toISOString() }));
}

async function findForks({ client, at, text }: Search, localIds: readonly string[]): Promise<FoundFork[]> {
  const { rows } = await client.query<Omit<FoundFork, "receivedAt" | "body"> & BytesRow>(
    `SELECT terminal, incarnation, seq, encode(hash, 'hex') AS hash, received_at AS received, body AS bytes
     FROM (SELECT * FROM fork WHERE ${IN_STORE} LIMIT ${MAX_SEARCHED}) f
     WHERE position($4::bytea IN f.body) > 0 OR (terminal, incarnation, seq) IN (
       SELECT terminal, incarnation, seq FROM change_head WHERE ${IN_STORE} AND local_id = ANY ($5))
     ORDER BY received_at LIMIT ${MAX_CHANGES}`,
    [...at, text, localIds],
  );
  return rows.map(({ received, bytes, ...row }) => ({
    ...row,
    receivedAt: received.toISOString(),
    body: bytes?.toString("utf8") ?? "",
  }));
}
