import type { LaneState } from "@tillsync/lanes";
import type { Sql } from "./ports.ts";

/** Where the central lane stood when something about it was last written down. */
export interface LaneRow {
  readonly failures: number;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly halted: number;
  readonly cursor: string | null;
  readonly serverEpoch: string | null;
}

const SELECT = `SELECT failures, last_attempt_at AS lastAttemptAt, last_success_at AS lastSuccessAt, error_code AS errorCode,
  error_message AS errorMessage, halted, cursor, server_epoch AS serverEpoch FROM lane WHERE name = 'central'`;

const UPSERT = `INSERT INTO lane (name, failures, due_at, last_attempt_at, last_success_at, error_code, error_message, halted, cursor, server_epoch)
  VALUES ('central', ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, due_at = excluded.due_at,
    last_attempt_at = excluded.last_attempt_at, last_success_at = excluded.last_success_at,
    error_code = excluded.error_code, error_message = excluded.error_message, halted = excluded.halted,
    cursor = excluded.cursor, server_epoch = excluded.server_epoch`;

export function readLane(read: Pick<Sql, "get">): LaneRow | undefined {
  return read.get<LaneRow>(SELECT);
}

/** `dueAtWallMs` is for people and other programs: a process that starts goes by none of it and sends at once. */
export function writeLane(
  tx: Sql,
  lane: LaneState,
  position: { readonly cursor: string | null; readonly serverEpoch: string | null; readonly dueAtWallMs: number },
): void {
  tx.run(
    UPSERT,
    lane.failures,
    Math.round(position.dueAtWallMs),
    lane.lastAttemptAt,
    lane.lastSuccessAt,
    lane.error?.code ?? null,
    lane.error?.message ?? null,
    lane.halted ? 1 : 0,
    position.cursor,
    position.serverEpoch,
  );
}
