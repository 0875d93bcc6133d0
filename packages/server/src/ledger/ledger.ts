import {
  bytesHash,
  CHAIN_START,
  type Effect,
  linkHash,
  type Origin,
  type PrivatePart,
  privatePart,
  SyncError,
  wantedPrivate,
} from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { DocumentState, Scope } from "../ingest/ports.ts";
import { sha256 } from "./sha256.ts";

/** Changes in one page at most; `verify` walks pages. */
export const MAX_LEDGER_ROWS = 5000;
/** Bytes of bodies read for one page: their hashes are computed in this process, which serves tills meanwhile. */
const MAX_LEDGER_BYTES = 8 * 1024 * 1024;

/** What a change made of its entity, where it is the latest to have done so. */
export interface LedgerDocument {
  readonly entity: string;
  readonly state: DocumentState;
  readonly receiptNumber: string | null;
  readonly businessDate: string;
  readonly currency: string | null;
  readonly totalMinor: number | null;
}

/** One stored change, as `tillsync verify` compares it with the journal. */
export interface LedgerRow {
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly changeId: string | null;
  readonly kind: string | null;
  readonly localId: string | null;
  readonly effect: Effect;
  readonly code: string | null;
  /** True when the change came before under another place: stored, counted once. */
  readonly repeat: boolean;
  /** True when the stored bytes, hashed again just now behind the hash before them, give this row's hash. */
  readonly intact: boolean;
  /** Hash of the stored bytes without their place (`bytesHash`); null where none are left. */
  readonly bytes: string | null;
  /** How the private part that is kept stands to the stored bytes. */
  readonly private: PrivatePart;
  readonly document: LedgerDocument | null;
}

export interface LedgerPage {
  readonly terminal: string;
  readonly incarnation: string;
  readonly ordinal: number;
  readonly durableThrough: number;
  readonly chainHash: string;
  readonly changes: readonly LedgerRow[];
  /** Where the next page starts; null when this is the last. */
  readonly nextSeq: number | null;
}

export interface LedgerQuery {
  readonly terminal: string;
  /** The terminal's newest when absent. */
  readonly incarnation?: string | undefined;
  readonly fromSeq: number;
  /** 1 to 5000. */
  readonly limit: number;
  /** What the hash before `fromSeq` is known to be, where the one that is stored here may be wrong. */
  readonly prevHash?: string | undefined;
}

/** Reads what is stored of one terminal's life, in order, with every hash checked. @throws SyncError NOT_FOUND */
export function readLedger(pool: pg.Pool, scope: Scope, query: LedgerQuery): Promise<LedgerPage> {
  return inScope(pool, scope, async (client) => {
    const life = await findLife(client, scope, query);
    const place = { ...query, incarnation: life.incarnation };
    let prevHash = query.prevHash ?? (await hashBefore(client, scope, place));
    const changes: LedgerRow[] = [];
    for (const row of await readRows(client, scope, place)) {
      changes.push(toLedgerRow(row, place, prevHash));
      prevHash = row.hash;
    }
    const last = changes.at(-1);
    const nextSeq = last !== undefined && last.seq < life.durableThrough ? last.seq + 1 : null;
    return { terminal: query.terminal, ...life, changes, nextSeq };
  });
}

type Place = LedgerQuery & { readonly incarnation: string };
export type Life = Pick<LedgerPage, "incarnation" | "ordinal" | "durableThrough" | "chainHash">;

/** @throws SyncError NOT_FOUND */
export async function findLife(
  client: pg.PoolClient,
  { orgId, storeId }: Scope,
  query: Pick<LedgerQuery, "terminal" | "incarnation">,
): Promise<Life> {
  const { rows } = await client.query<Life>(
    `SELECT incarnation, ordinal, durable_through AS "durableThrough", encode(chain_hash, 'hex') AS "chainHash"
     FROM incarnation WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = coalesce($4, incarnation)
     ORDER BY ordinal DESC LIMIT 1`,
    [orgId, storeId, query.terminal, query.incarnation ?? null],
  );
  if (rows[0] === undefined)
    throw new SyncError("NOT_FOUND", "The centre has nothing of this terminal and incarnation.");
  return rows[0];
}

async function hashBefore(client: pg.PoolClient, { orgId, storeId }: Scope, place: Place): Promise<string | undefined> {
  if (place.fromSeq === 1) return CHAIN_START;
  const { rows } = await client.query<{ hash: string }>(
    `SELECT encode(hash, 'hex') AS hash FROM change_head
     WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = $4 AND seq = $5`,
    [orgId, storeId, place.terminal, place.incarnation, place.fromSeq - 1],
  );
  return rows[0]?.hash;
}

interface Row
  extends Omit<LedgerRow, "intact" | "bytes" | "private" | "document" | "incarnation">,
    Omit<LedgerDocument, "entity" | "state"> {
  readonly origin: Origin | null;
  readonly body: Buffer | null;
  readonly secret: Buffer | null;
  readonly entity: string | null;
  readonly state: DocumentState | null;
}

/** The bounds on `seq` stand at both tables, so that every month's partition is read by one range of its key. */
async function readRows(client: pg.PoolClient, { orgId, storeId }: Scope, place: Place): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `SELECT * FROM (
       SELECT h.seq, encode(h.hash, 'hex') AS hash, h.change_id AS "changeId", h.kind, h.local_id AS "localId", h.effect,
         h.code, h.repeat, h.origin, b.body, p.private AS secret, d.entity, d.state, d.receipt_number AS "receiptNumber",
         d.business_date AS "businessDate", d.currency, d.total_minor AS "totalMinor",
         sum(coalesce(octet_length(b.body), 0)) OVER (ORDER BY h.seq) AS bytes
       FROM change_head h
       LEFT JOIN change_body b ON b.org_id = h.org_id AND b.store_id = h.store_id AND b.terminal = h.terminal
         AND b.incarnation = h.incarnation AND b.seq = h.seq AND b.seq >= $5 AND b.seq < $6
       LEFT JOIN change_private p ON p.org_id = h.org_id AND p.store_id = h.store_id AND p.terminal = h.terminal
         AND p.incarnation = h.incarnation AND p.seq = h.seq AND p.seq >= $5 AND p.seq < $6
       LEFT JOIN document d ON d.org_id = h.org_id AND d.store_id = h.store_id AND d.entity = split_part(h.kind, '.', 1)
         AND d.local_id = h.local_id AND d.terminal = h.terminal AND d.incarnation = h.incarnation AND d.seq = h.seq
       WHERE h.org_id = $1 AND h.store_id = $2 AND h.terminal = $3 AND h.incarnation = $4 AND h.seq >= $5 AND h.seq < $6
     ) page WHERE bytes <= $7 OR seq = $5 ORDER BY seq`,
    [orgId, storeId, place.terminal, place.incarnation, place.fromSeq, place.fromSeq + place.limit, MAX_LEDGER_BYTES],
  );
  return rows;
}

function toLedgerRow(row: Row, place: Place, prevHash: string | undefined): LedgerRow {
  const { seq, hash, changeId, kind, localId, effect, code, repeat } = row;
  const { incarnation } = place;
  return {
    incarnation,
    seq,
    hash,
    changeId,
    kind,
    localId,
    effect,
    code,
    repeat,
    intact: isIntact(row, place, prevHash),
    bytes: bytesOf(row),
    private: privateOf(row),
    document: documentOf(row),
  };
}

function isIntact(row: Row, { terminal, incarnation }: Place, prevHash: string | undefined): boolean {
  if (row.body === null || prevHash === undefined) return false;
  const { seq, origin } = row;
  const link = { terminal, incarnation, seq, prevHash, origin: origin ?? undefined, body: row.body.toString("utf8") };
  return linkHash(sha256, link) === row.hash;
}

function bytesOf({ origin, body }: Row): string | null {
  return body === null ? null : bytesHash(sha256, { origin: origin ?? undefined, body: body.toString("utf8") });
}

function privateOf({ body, secret }: Row): LedgerRow["private"] {
  return privatePart(sha256, wantedPrivate(body?.toString("utf8") ?? ""), secret?.toString("utf8") ?? null);
}

function documentOf({ entity, state, receiptNumber, businessDate, currency, totalMinor }: Row): LedgerDocument | null {
  return entity === null || state === null
    ? null
    : { entity, state, receiptNumber, businessDate, currency, totalMinor };
}
