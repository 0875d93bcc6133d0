import { EMPTY_MODULE_HASH } from "@tillsync/protocol";
import type pg from "pg";
import type { Place } from "./place.ts";

/** Where a module stands. */
export interface ModuleState {
  readonly n: number;
  readonly rows: number;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly hash: string;
}

export const NEVER_WRITTEN: ModuleState = { n: 0, rows: 0, bytes: 0, hash: EMPTY_MODULE_HASH };

/** As `ModuleState`, of `module_state s`. */
export const STATE_COLUMNS = `s.n, s.row_count AS rows, s.row_bytes AS bytes, encode(s.hash, 'hex') AS hash`;

const MAKE = `INSERT INTO module_state (org_id, store_id, module) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;
const LOCK = `SELECT ${STATE_COLUMNS} FROM module_state s
  WHERE s.org_id = $1 AND s.store_id = $2 AND s.module = $3 FOR UPDATE`;
const WRITE = `UPDATE module_state SET n = $4, row_count = $5, row_bytes = $6, hash = decode($7, 'hex'),
    epoch = (SELECT server_epoch FROM server_identity)
  WHERE org_id = $1 AND store_id = $2 AND module = $3`;
const REMEMBER = `INSERT INTO module_commit (org_id, store_id, module, n, hash, inserted, updated, deleted, actor, at)
  VALUES ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8, $9, $10)`;

/** Rows of a module that one commit made, changed and took away. */
export interface Changed {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

const CONFIRM = `INSERT INTO module_state (org_id, store_id, module, epoch) SELECT $1, $2, $3, server_epoch FROM server_identity
  ON CONFLICT (org_id, store_id, module) DO UPDATE SET epoch = excluded.epoch`;

/** Head office says that the module holds as it is, also where tills have a newer copy since the centre was restored. */
export async function confirmState(client: pg.ClientBase, place: Place): Promise<void> {
  await client.query(CONFIRM, [...keyOf(place)]);
}

/** Who writes, and when. */
export interface Act {
  readonly actor: string;
  readonly nowMs: number;
}

export function keyOf({ orgId, storeId, module }: Place): readonly [number, number, string] {
  return [orgId, storeId, module];
}

/** Takes the module's lock until the transaction ends, and tells where it stands. */
export async function lockState(client: pg.ClientBase, place: Place): Promise<ModuleState> {
  await client.query(MAKE, [...keyOf(place)]);
  const { rows } = await client.query<ModuleState>(LOCK, [...keyOf(place)]);
  if (rows[0] === undefined) throw new Error("a module's state is not there after it was made");
  return rows[0];
}

/** Writes the next state of a module whose lock is held, and the commit that led to it. */
export async function writeState(
  client: pg.ClientBase,
  place: Place,
  { n, rows, bytes, hash }: ModuleState,
  { inserted, updated, deleted }: Changed,
  { actor, nowMs }: Act,
): Promise<void> {
  await client.query(WRITE, [...keyOf(place), n, rows, bytes, hash]);
  await client.query(REMEMBER, [...keyOf(place), n, hash, inserted, updated, deleted, actor, new Date(nowMs)]);
}
