import {
  type ChangeBody,
  effectiveAtMs,
  type MergePolicy,
  mergeEdit,
  parseBody,
  type RecordEdit,
  type RowChange,
  readCustomerEdit,
  type SharedRecord,
  SyncError,
} from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import { keepConflicts, type Lost, lostOf, refusedEdit } from "./losses.ts";
import type { RecordRows, StandingRow } from "./ports.ts";
import { adopt, isNews, type PlacedStamp, rowOf, type StoredState } from "./state.ts";
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
  for (let merged = 0; ; ) {
    const count = await inScope(context.pool, scope, (client) => turn(context, client, scope, sinceMs));
    merged += count;
    if (count < EDITS_A_TURN) return merged;
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

async function turn(context: RecordContext, client: pg.PoolClient, scope: Scope, sinceMs: number): Promise<number> {
  const { orgId, storeId } = scope;
  await lockWriter(client, scope);
  const since = new Date(Math.max(0, sinceMs));
  const { rows: edits } = await client.query<EditRow>(sql.READ_UNMERGED, [orgId, storeId, since, EDITS_A_TURN]);
  if (edits.length === 0) return 0;
  const nowMs = context.nowMs();
  const desk = await readRecords(context.rows, client, scope, { ids: edits.map(({ id }) => id), nowMs });
  const lost: Lost[] = [];
  const merged: EditRow[] = [];
  for (const row of edits) {
    const edit = editOf(row, storeId);
    if (edit === undefined) continue;
    lost.push(...desk.merge(row.id, edit, context.policy));
    merged.push(row);
  }
  await client.query(sql.NOTE_MERGED, [orgId, storeId, JSON.stringify(merged.map(placeOf))]);
  await keepConflicts(client, scope, lost, nowMs);
  await desk.write(context.rows, client, scope);
  return merged.length;
}

function placeOf({ terminal, incarnation, seq }: EditRow) {
  return { terminal, incarnation, seq };
}

/** Undefined while the bytes are missing or damaged: they are looked at again each time, until they are repaired. */
function editOf(row: EditRow, storeId: number): RecordEdit | undefined {
  const body = row.body === null ? undefined : readBody(row.body.toString("utf8"));
  if (body?.kind !== "customer.edited") return undefined;
  const { occurredAt, payload } = body;
  const { terminal, incarnation, seq, receivedAtMs } = row;
  const at = { occurredAtMs: Date.parse(occurredAt), clockOffsetMs: payload.clockOffsetMs, receivedAtMs };
  const stamp: PlacedStamp = { effectiveAtMs: effectiveAtMs(at), terminal, incarnation, seq, storeId };
  return readCustomerEdit(payload, row.private?.toString("utf8") ?? null, stamp);
}

function readBody(text: string): ChangeBody | undefined {
  try {
    return parseBody(text);
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
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
  return new RecordDesk(records, standing, nowMs);
}

/** Records that are being merged, until they are written. */
export class RecordDesk {
  readonly #records: Map<string, SharedRecord>;
  readonly #standing: ReadonlyMap<string, StandingRow>;
  readonly #nowMs: number;

  constructor(records: Map<string, SharedRecord>, standing: ReadonlyMap<string, StandingRow>, nowMs: number) {
    this.#records = records;
    this.#standing = standing;
    this.#nowMs = nowMs;
  }

  record(id: string): SharedRecord | undefined {
    return this.#records.get(id);
  }

  /** @returns what does not stand. An edit that would make a row which no till can read is kept, and not merged. */
  merge(id: string, edit: RecordEdit, policy: MergePolicy): Lost[] {
    const before = this.#records.get(id);
    if (before === undefined) throw new Error("a record was merged that had not been read");
    const { record, losses } = mergeEdit(before, edit, policy);
    if (rowOf(id, record) === undefined) return [refusedEdit(id, edit, before)];
    this.#records.set(id, record);
    return lostOf(id, losses, policy);
  }

  /** Writes the records, and last the rows that changed. */
  async write(rows: RecordRows, client: pg.PoolClient, scope: Scope): Promise<void> {
    const states = [...this.#records].map(([id, { fields, totals }]) => ({ id, fields, totals }));
    await client.query(sql.WRITE_STATES, [scope.orgId, JSON.stringify(states)]);
    const changes = [...this.#records].flatMap(([id, record]): RowChange[] => {
      const change = rowOf(id, record);
      return change !== undefined && isNews(change, this.#standing.get(id)) ? [change] : [];
    });
    if (changes.length > 0) await rows.write(client, scope, changes, this.#nowMs);
  }
}
