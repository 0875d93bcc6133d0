import { SyncError } from "@tillsync/protocol";
import type pg from "pg";
import { inScope } from "../db/scope.ts";
import type { Scope } from "../ingest/ports.ts";
import * as sql from "./statements.ts";

export const TASK_KINDS = ["paid-twice", "paid-after-end", "refund-exceeds", "till-parted", "receipt-twice"] as const;
export const TASK_STATES = ["open", "resolved"] as const;
/** Tasks in one answer, the newest: more than a person settles in a day. */
export const MAX_TASKS = 500;

/** Something that happened and counts, and that a person has to settle. */
export interface Task {
  readonly kind: (typeof TASK_KINDS)[number];
  /** The order's localId; the life that began; the receipt's number. */
  readonly subject: string;
  readonly state: (typeof TASK_STATES)[number];
  readonly evidence: unknown;
  readonly createdAt: string;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
  readonly reason: string | null;
}

type Row = Omit<Task, "createdAt" | "resolvedAt"> & { readonly createdAt: Date; readonly resolvedAt: Date | null };

/** What a store's people have to settle, newest first. */
export function listTasks(pool: pg.Pool, { orgId, storeId }: Scope, state: Task["state"]): Promise<Task[]> {
  return inScope(pool, { orgId, storeId }, async (client) => {
    const { rows } = await client.query<Row>(sql.LIST, [orgId, storeId, state, MAX_TASKS]);
    return rows.map(taskOf);
  });
}

/** Notes that a task is settled; one that is settled already stays as it is. @throws SyncError NOT_FOUND */
export function resolveTask(
  pool: pg.Pool,
  { orgId, storeId }: Scope,
  {
    kind,
    subject,
    actor,
    reason,
    nowMs,
  }: Pick<Task, "kind" | "subject"> & { actor: string; reason: string; nowMs: number },
): Promise<Task> {
  return inScope(pool, { orgId, storeId }, async (client) => {
    const values = [orgId, storeId, kind, subject, new Date(nowMs), actor, reason];
    const { rows } = await client.query<Row>(sql.RESOLVE, values);
    if (rows[0] === undefined)
      throw new SyncError("NOT_FOUND", `There is no task ${kind} of ${subject} in this store.`);
    return taskOf(rows[0]);
  });
}

function taskOf({ createdAt, resolvedAt, ...row }: Row): Task {
  return { ...row, createdAt: createdAt.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null };
}
