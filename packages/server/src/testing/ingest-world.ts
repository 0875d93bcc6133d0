import { randomUUID } from "node:crypto";
import type { Effect, ExchangeRequest, ExchangeResponse } from "@tillsync/protocol";
import type pg from "pg";
import { openPool } from "../db/pool.ts";
import { enroll } from "../directory/enroll.ts";
import { exchange } from "../ingest/exchange.ts";
import type { Scope } from "../ingest/ports.ts";
import { postgresIngest } from "../ingest/postgres.ts";
import type { ExchangeContext } from "../ingest/prepare.ts";
import { exchangeTogether } from "../ingest/together.ts";
import { sha256 } from "../ledger/sha256.ts";
import { postgresSettlements } from "../settlement/postgres.ts";
import type { SettlementContext } from "../settlement/settle.ts";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database.ts";

/** What the centre made of one stored change. */
export interface StoredHead {
  readonly seq: number;
  readonly effect: Effect;
  readonly code: string | null;
  readonly repeat: boolean;
}

export interface FeedRow {
  readonly n: number;
  readonly terminal: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly effect: Effect;
  readonly chain: string;
}

/** A store of its own with its tills, and everything in it as the superuser sees it. */
export interface TestStore {
  readonly scope: Scope;
  /** Enrols a till. @returns its UUID */
  enrol(shortId: string): Promise<string>;
  send(request: ExchangeRequest): Promise<ExchangeResponse>;
  /** As requests that waited at the same moment. */
  sendTogether(requests: readonly ExchangeRequest[]): Promise<PromiseSettledResult<ExchangeResponse>[]>;
  heads(terminal: string, incarnation?: string): Promise<StoredHead[]>;
  documents(): Promise<Record<string, unknown>[]>;
  feed(): Promise<FeedRow[]>;
}

export interface IngestWorld {
  readonly database: MigratedDatabase;
  readonly context: ExchangeContext;
  readonly settlement: SettlementContext;
  /** As superuser: row security does not bind it. */
  readonly admin: pg.Pool;
  newStore(): Promise<TestStore>;
  close(): Promise<void>;
}

const NOW_MS = Date.UTC(2026, 0, 16, 10);

/** Ingest on a real database of its own. For tests. */
export async function ingestWorld(): Promise<IngestWorld> {
  const database = await migratedDatabase();
  const pool = openPool(database.url, { max: 12 });
  const admin = openPool(database.adminUrl, { max: 2 });
  const context: ExchangeContext = { store: await postgresIngest(pool), sha256, nowMs: () => NOW_MS };
  return {
    database,
    context,
    settlement: { ingest: context, settlements: postgresSettlements(pool) },
    admin,
    newStore: () => newStore({ pool, admin, context }),
    close: async () => {
      await pool.end();
      await admin.end();
      await database.drop();
    },
  };
}

async function newStore(world: { pool: pg.Pool; admin: pg.Pool; context: ExchangeContext }): Promise<TestStore> {
  const { pool, admin, context } = world;
  const place = { org: "demo", store: randomUUID().slice(0, 8), currency: "KES" };
  const { orgId, storeId } = await enroll(pool, { ...place, role: "admin", name: "head office" }, NOW_MS);
  const scope = { orgId, storeId };
  const read = async <T extends object>(text: string, ...more: readonly unknown[]): Promise<T[]> => {
    const { rows } = await admin.query<T>(text, [orgId, storeId, ...more]);
    return rows;
  };
  return {
    scope,
    enrol: async (shortId) => {
      const made = await enroll(pool, { ...place, role: "terminal", name: shortId, terminal: { shortId } }, NOW_MS);
      return made.terminal ?? "";
    },
    send: (request) => exchange(context, scope, request),
    sendTogether: (requests) => Promise.allSettled(exchangeTogether(context, scope, requests)),
    heads: (terminal, incarnation) =>
      read(
        `SELECT seq, effect, code, repeat FROM tillsync.change_head
         WHERE org_id = $1 AND store_id = $2 AND terminal = $3 AND incarnation = coalesce($4, incarnation) ORDER BY incarnation, seq`,
        terminal,
        incarnation ?? null,
      ),
    documents: () =>
      read(
        `SELECT entity, local_id AS "localId", state, version, receipt_number AS "receiptNumber", reference, currency,
           total_minor AS "totalMinor", terminal, seq FROM tillsync.document
         WHERE org_id = $1 AND store_id = $2 ORDER BY entity, local_id`,
      ),
    feed: () =>
      read(
        `SELECT n, terminal, from_seq AS "fromSeq", to_seq AS "toSeq", effect, encode(chain, 'hex') AS chain
         FROM tillsync.feed_entry WHERE org_id = $1 AND store_id = $2 ORDER BY n`,
      ),
  };
}
