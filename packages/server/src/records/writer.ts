import type { MergePolicy } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { sha256 } from "../ledger/sha256.ts";
import { editOf, RecordDesk } from "./desk.ts";
import { keepConflicts } from "./losses.ts";
import type { Lost } from "./lost.ts";
import type { RecordRows } from "./ports.ts";
import { adopt, type StoredState } from "./state.ts";
import * as sql from "./statements.ts";

export interface RecordContext {
  readonly pool: pg.Pool;
  readonly rows: RecordRows;
  /** How edits of customers are merged that did not see each other. */
  readonly policy: MergePolicy;
  readonly nowMs: () => number;
}

/** Edits merged in one transaction: a few rows each, and the organization's other stores wait for it. */
const EDITS_A_TURN = 200;

/**
 * Merges the edits of one store into the organization's records: those received since then that are applied and not merged
 * yet. Each turn is one transaction: records, the module's rows, conflicts, and that these edits are merged. So a crash
 * loses nothing and merges nothing twice, and an edit waits for the next turn at worst.
 *
 * @returns how many were merged; @throws SyncError UNAVAILABLE
 */
export async function mergeEdits(context: RecordContext, scope: Scope, sinceMs: number): Promise<number> {
  let [merged, passedOver] = [0, 0];
  for (;;) {
    const done = await inScope(context.pool, scope, (client) => turn(context, client, scope, { sinceMs, passedOver }));
    merged += done.merged;
    passedOver += done.found - done.merged;
    if (done.found < EDITS_A_TURN) return merged;
  }
}

interface EditRow {
  readonly terminal: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly id: string;
  readonly body: Buffer | null;
  readonly private: Buffer | null;
  readonly receivedAtMs: number;
}

/** @param passedOver edits before these that cannot be read: they stay, and hold nobody up */
async function turn(
  context: RecordContext,
  client: pg.PoolClient,
  scope: Scope,
  { sinceMs, passedOver }: { readonly sinceMs: number; readonly passedOver: number },
): Promise<{ readonly found: number; readonly merged: number }> {
  const { orgId, storeId } = scope;
  await lockWriter(client, scope);
  const since = new Date(Math.max(0, sinceMs));
  const { rows: edits } = await client.query<EditRow>(sql.READ_UNMERGED, [
    orgId,
    storeId,
    since,
    EDITS_A_TURN,
    passedOver,
  ]);
  if (edits.length === 0) return { found: 0, merged: 0 };
  const nowMs = context.nowMs();
  const desk = await readRecords(context.rows, client, scope, { ids: edits.map(({ id }) => id), nowMs });
  const lost: Lost[] = [];
  const merged: EditRow[] = [];
  for (const row of edits) {
    const edit = editOf({ ...row, body: textOf(row.body), private: textOf(row.private) }, storeId, sha256);
    if (edit === undefined) continue;
    lost.push(...desk.merge(row.id, edit, context.policy));
    merged.push(row);
  }
  await client.query(sql.NOTE_MERGED, [orgId, storeId, JSON.stringify(merged.map(placeOf))]);
  await keepConflicts(client, scope, lost, nowMs);
  await writeRecords(context, client, scope, desk);
  return { found: edits.length, merged: merged.length };
}

function textOf(bytes: Buffer | null): string | null {
  return bytes?.toString("utf8") ?? null;
}

function placeOf({ terminal, incarnation, seq }: EditRow) {
  return { terminal, incarnation, seq };
}

export async function lockWriter(client: pg.PoolClient, { orgId }: Scope): Promise<void> {
  await client.query(sql.MAKE_WRITER, [orgId]);
  await client.query(sql.LOCK_WRITER, [orgId]);
}

/** Reads what stands of these customers, under the writer's lock. */
export async function readRecords(
  rows: RecordRows,
  client: pg.PoolClient,
  scope: Scope,
  { ids, nowMs }: { readonly ids: readonly string[]; readonly nowMs: number },
): Promise<RecordDesk> {
  const unique = [...new Set(ids)];
  const standing = await rows.read(client, scope, unique);
  const { rows: states } = await client.query<StoredState>(sql.READ_STATES, [scope.orgId, unique]);
  const byId = new Map(states.map((state) => [state.id, state]));
  const at = { nowMs, storeId: scope.storeId };
  const records = new Map(unique.map((id) => [id, adopt(byId.get(id), standing.get(id), at)]));
  return new RecordDesk(records, standing);
}

/** Writes the records, and last the rows that changed. */
export async function writeRecords(
  { rows, nowMs }: Pick<RecordContext, "rows" | "nowMs">,
  client: pg.PoolClient,
  scope: Scope,
  desk: RecordDesk,
): Promise<void> {
  await client.query(sql.WRITE_STATES, [scope.orgId, JSON.stringify(desk.states())]);
  const changes = desk.news();
  if (changes.length > 0) await rows.write(client, scope, changes, nowMs());
}
