import { type ModuleName, SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Allowed } from "../ingest/narrowed.ts";
import type { Scope } from "../ingest/ports.ts";

/** A terminal, and what its kind gives it. */
export interface TerminalOfKind {
  readonly terminal: string;
  readonly shortId: string;
  readonly kind: string;
  /** Modules of reference data that the gateway offers it. */
  readonly modules: readonly ModuleName[];
  /** What it is told of other terminals at most. */
  readonly feed: Allowed;
}

/** What kinds give, as the operator configured it. */
export interface Kinds {
  readonly modulesOf: (kind: string) => readonly ModuleName[];
  readonly feedOf: (kind: string) => Allowed;
}

type Row = Pick<TerminalOfKind, "terminal" | "shortId" | "kind">;

/** Devices of other makes have no kind: they are told by doors of their own. */
const OURS = "org_id = $1 AND store_id = $2 AND device_id IS NULL";
const COLUMNS = `terminal, short_id AS "shortId", kind`;
const LIST = `SELECT ${COLUMNS} FROM terminal WHERE ${OURS} ORDER BY short_id`;
const SET = `UPDATE terminal SET kind = $4 WHERE ${OURS} AND terminal = $3 RETURNING ${COLUMNS}`;

export function listKinds(pool: pg.Pool, { orgId, storeId }: Scope, kinds: Kinds): Promise<TerminalOfKind[]> {
  return inScope(pool, { orgId, storeId }, async (client) => {
    const { rows } = await client.query<Row>(LIST, [orgId, storeId]);
    return rows.map((row) => given(row, kinds));
  });
}

/**
 * Makes a terminal one of another kind. It is offered other modules at its next look at the gateway; when it may be told
 * more than before, its next exchange begins the feed anew, and nothing that was passed over is missed.
 *
 * @throws SyncError NOT_FOUND
 */
export function setKind(
  pool: pg.Pool,
  { orgId, storeId }: Scope,
  { terminal, kind }: Pick<TerminalOfKind, "terminal" | "kind">,
  kinds: Kinds,
): Promise<TerminalOfKind> {
  return inScope(pool, { orgId, storeId }, async (client) => {
    const { rows } = await client.query<Row>(SET, [orgId, storeId, terminal, kind]);
    if (rows[0] === undefined) throw new SyncError("NOT_FOUND", "There is no such terminal in this store.");
    return given(rows[0], kinds);
  });
}

function given(row: Row, { modulesOf, feedOf }: Kinds): TerminalOfKind {
  return { ...row, modules: modulesOf(row.kind), feed: feedOf(row.kind) };
}
