import { canonicalText, parseBody, SyncError } from "@tillsync/protocol";
import type pg from "pg";
import type { Scope } from "../ingest/ports.ts";
import { READ_BODY } from "./statements.ts";

/** A row of `conflict`, as the statements read it. */
export interface ConflictRow {
  readonly id: number;
  readonly entityType: string;
  readonly entityId: string;
  readonly conflictType: string;
  readonly resolution: string;
  readonly decided: string;
  readonly resolvedBy: string | null;
  readonly created: Date;
  readonly resolved: Date | null;
  readonly reason: string | null;
  readonly taken: readonly string[] | null;
  readonly local: object | null;
  readonly remote: object | null;
  readonly terminal: string | null;
  readonly shortId: string | null;
  readonly incarnation: string;
  readonly seq: number;
  readonly byTerminal: string | null;
  readonly byShortId: string | null;
  readonly byIncarnation: string | null;
  readonly bySeq: number | null;
}

/** Where one of the two versions came from; null for what head office imported. */
export interface ConflictSide {
  readonly terminal: string;
  /** Null for a terminal of another store. */
  readonly shortId: string | null;
  readonly incarnation: string;
  readonly seq: number;
}

/** Requirement 002's SyncConflictLog, by its names, with who wrote what and what became of it. Bodies stand apart. */
export interface ConflictRecord {
  readonly id: number;
  readonly entityType: string;
  readonly entityId: string;
  readonly conflictType: string;
  readonly resolution: string;
  readonly resolvedByUserId: string | null;
  readonly createdAt: string;
  readonly resolvedAt: string | null;
  /** Whether a person has still to look at it. */
  readonly state: "open" | "resolved";
  /** Whose version does not stand. */
  readonly local: ConflictSide | null;
  readonly remote: ConflictSide | null;
  readonly reason: string | null;
  /** What happened to it, oldest first. */
  readonly history: readonly {
    readonly at: string;
    readonly what: string;
    readonly by: string;
    readonly reason: string | null;
  }[];
}

export function recordOf(row: ConflictRow): ConflictRecord {
  const { id, entityType, entityId, conflictType, resolution, reason, resolvedBy } = row;
  const createdAt = row.created.toISOString();
  const resolvedAt = row.resolved?.toISOString() ?? null;
  const { terminal, shortId, incarnation, seq, byTerminal, byShortId, byIncarnation, bySeq } = row;
  const local = terminal === null ? null : { terminal, shortId, incarnation, seq };
  const remote =
    byTerminal === null || byIncarnation === null || bySeq === null
      ? null
      : { terminal: byTerminal, shortId: byShortId, incarnation: byIncarnation, seq: bySeq };
  const decided = { at: createdAt, what: row.decided, by: "centre", reason: null };
  const chosen = resolvedAt === null ? [] : [{ at: resolvedAt, what: resolution, by: resolvedBy ?? "", reason }];
  return {
    ...{ id, entityType, entityId, conflictType, resolution, resolvedByUserId: resolvedBy, createdAt, resolvedAt },
    state: resolvedAt === null ? "open" : "resolved",
    ...{ local, remote, reason },
    history: [decided, ...chosen],
  };
}

/** What both sides say, as JSON text with the numbers as they were written; `null` for bytes that are gone. */
export interface Sides {
  readonly localData: string;
  readonly remoteData: string;
}

export async function sidesOf(client: pg.PoolClient, scope: Scope, row: ConflictRow): Promise<Sides> {
  if (row.local !== null || row.remote !== null)
    return { localData: JSON.stringify(row.local), remoteData: JSON.stringify(row.remote) };
  const { terminal, incarnation, seq, byTerminal, byIncarnation, bySeq } = row;
  const localData = await documentText(client, scope, [terminal, incarnation, seq]);
  return { localData, remoteData: await documentText(client, scope, [byTerminal, byIncarnation, bySeq]) };
}

type Place = readonly [terminal: string | null, incarnation: string | null, seq: number | null];

async function documentText(client: pg.PoolClient, scope: Scope, place: Place): Promise<string> {
  const body = await bodyAt(client, scope, place);
  if (body === undefined) return "null";
  if (body.kind === "order.withdrawn" || body.kind === "transaction.withdrawn") {
    const { actor, reason } = body.payload;
    return JSON.stringify({ deleted: true, actor, reason });
  }
  return "content" in body.payload ? body.payload.content : canonicalText(body.payload);
}

/** The change at a place; undefined when its bytes are gone or damaged. */
export async function bodyAt(client: pg.PoolClient, { orgId, storeId }: Scope, place: Place) {
  if (place.includes(null)) return undefined;
  const { rows } = await client.query<{ body: Buffer | null }>(READ_BODY, [orgId, storeId, ...place]);
  const bytes = rows[0]?.body;
  try {
    return bytes ? parseBody(bytes.toString("utf8")) : undefined;
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}
