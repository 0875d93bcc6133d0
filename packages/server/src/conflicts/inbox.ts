import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { type ConflictRecord, type ConflictRow, recordOf, type Sides, sidesOf } from "./record.ts";
import { COUNT_OPEN, LIST, NOTE_LOST_CHANGES, READ_ONE } from "./statements.ts";

export interface ConflictQuery {
  readonly state: "open" | "resolved" | undefined;
  readonly limit: number;
  /** The id of the last one of the page before. */
  readonly after: number | undefined;
}

export interface ConflictPage {
  readonly conflicts: readonly ConflictRecord[];
  /** How many a person has not looked at, of all. */
  readonly open: number;
  /** `after` of the next page; null when this is the last. */
  readonly next: number | null;
}

/** What lost in a store, newest first. */
export function listConflicts(
  pool: pg.Pool,
  scope: Scope,
  query: ConflictQuery,
  decided: string,
): Promise<ConflictPage> {
  return inScope(pool, scope, async (client) => {
    const store = [scope.orgId, scope.storeId];
    await client.query(NOTE_LOST_CHANGES, [...store, decided]);
    const { state = null, after = null, limit } = query;
    const { rows } = await client.query<ConflictRow>(LIST, [...store, state, after, limit + 1]);
    const counted = await client.query<{ open: number }>(COUNT_OPEN, store);
    const page = rows.slice(0, limit);
    const next = rows.length > limit ? (page.at(-1)?.id ?? null) : null;
    return { conflicts: page.map(recordOf), open: counted.rows[0]?.open ?? 0, next };
  });
}

/** One of them with both sides. @throws SyncError NOT_FOUND */
export function readConflict(pool: pg.Pool, scope: Scope, id: number): Promise<ConflictRecord & Sides> {
  return inScope(pool, scope, async (client) => {
    const row = await rowOf(client, scope, id);
    return { ...recordOf(row), ...(await sidesOf(client, scope, row)) };
  });
}

export async function rowOf(client: pg.PoolClient, { orgId, storeId }: Scope, id: number): Promise<ConflictRow> {
  const { rows } = await client.query<ConflictRow>(READ_ONE, [orgId, storeId, id]);
  const [row] = rows;
  if (row !== undefined) return row;
  throw new SyncError("NOT_FOUND", "The centre knows no conflict with this id.", { field: "id", got: String(id) });
}
