import type { BackupFile, BackupLane } from "@tillsync/connectors/backup";
import type { BesideLane, QueueItem } from "@tillsync/engine";

/** Failures in a row after which a badge shows. */
const BADGE_AFTER = 3;

/** The lane `backup` as status and queue show it, under requirement 002's name CloudBackup. */
export function besideLane(lane: BackupLane): BesideLane {
  const { lane: state, state: doing, waiting, sent, nextAt } = lane.view;
  const isSending = doing === "sending" || doing === "taking";
  const isRetrying = state.failures > 0;
  const word = isSending ? "sending" : isRetrying ? "retrying" : waiting === null ? "settled" : "pending";
  const pending = waiting === null ? 0 : 1;
  return {
    queueType: "CloudBackup",
    status: {
      name: "backup",
      state: word,
      pending,
      failures: state.failures,
      badge: state.failures >= BADGE_AFTER,
      lastAttemptAt: isoOf(state.lastAttemptAt),
      lastSuccessAt: isoOf(sent?.wholeAt ?? null),
      nextAttemptAt: isSending ? null : isoOf(nextAt),
      lastError: state.error,
      halted: null,
      breaker: state.breaker,
      stalls: 0,
    },
    count: { queueType: "CloudBackup", pending, failed: 0, oldestAt: waiting?.takenAt ?? null },
    items: [
      ...(sent === null ? [] : [itemOf(sent, { status: "Completed", processedAt: isoOf(sent.wholeAt) })]),
      ...(waiting === null
        ? []
        : [
            itemOf(waiting, {
              status: isSending ? "Processing" : "Pending",
              retryCount: state.failures,
              lastError: isRetrying ? (state.error?.message ?? null) : null,
              lastAttemptTime: isoOf(state.lastAttemptAt),
              nextAttemptTime: isSending ? null : isoOf(nextAt),
            }),
          ]),
    ],
  };
}

function itemOf(backup: Omit<BackupFile, "file">, over: Partial<QueueItem>): QueueItem {
  return {
    id: `backup-${backup.sha256.slice(0, 16)}`,
    queueType: "CloudBackup",
    entityType: "Backup",
    entityId: backup.name,
    status: "Pending",
    retryCount: 0,
    maxRetries: BADGE_AFTER,
    lastError: null,
    createdAt: backup.takenAt,
    processedAt: null,
    shiftId: null,
    lastAttemptTime: null,
    nextAttemptTime: null,
    kind: null,
    receiptNumber: null,
    effect: null,
    incarnation: null,
    seq: null,
    ...over,
  };
}

function isoOf(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
