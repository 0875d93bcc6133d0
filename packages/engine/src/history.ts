import type { AttemptLog, NumberedAttempt } from "./attempt-log.ts";
import { type Journal, type Life, ordinalOf, seqOf } from "./journal.ts";

export interface HistoryPage {
  /** Attempts at most: 1 to 500, default 100. */
  readonly limit?: number | undefined;
  /** Those before this one: the `next` of the page before, or the id of an attempt. */
  readonly before?: string | undefined;
}

/** One entry of 001's SyncRetryLog, with the correlation id by which both sides' logs have it. */
export interface HistoryEntry {
  readonly id: string;
  readonly at: string;
  readonly lane: "central";
  /** What it carried: one transaction (an order too), one stock movement, or a batch. */
  readonly entityType: "Transaction" | "Inventory" | "Batch";
  /** `localId` of the one, or `central-<incarnation>-<first>-<last>` of a batch. */
  readonly entityId: string;
  readonly attemptNumber: number;
  readonly errorMessage: string | null;
  readonly code: string | null;
  readonly shouldRetry: boolean;
  readonly durationMs: number;
  /** Changes that became durable at the centre through it, of those that it carried. */
  readonly sent: number;
  readonly changes: number;
  readonly correlationId: string;
  readonly outcome: "ok" | "failed";
}

export interface History {
  readonly attempts: readonly HistoryEntry[];
  readonly next: string | null;
}

export const MAX_HISTORY_PAGE = 500;
const DEFAULT_PAGE = 100;

interface Context {
  readonly journal: Journal;
  readonly lives: readonly Life[];
  readonly attempts: AttemptLog;
}

/** The attempts that are kept, newest first. Those that succeeded and carried nothing are not: a till polls for ever. */
export function historyOf(context: Context, page: HistoryPage): History {
  const limit = Math.max(1, Math.min(page.limit ?? DEFAULT_PAGE, MAX_HISTORY_PAGE));
  const before = page.before === undefined ? Number.MAX_SAFE_INTEGER : Number(page.before);
  const found = context.attempts.list(before, limit + 1);
  const shown = found.slice(0, limit);
  const next = found.length > limit ? (shown.at(-1)?.id ?? null) : null;
  return { attempts: shown.map((attempt) => entryOf(context, attempt)), next: next === null ? null : String(next) };
}

function entryOf(context: Context, attempt: NumberedAttempt): HistoryEntry {
  const { id, lane, attemptNumber, message, code, shouldRetry, durationMs, sent, changes, correlationId } = attempt;
  return {
    id: String(id),
    at: new Date(attempt.startedAtMs).toISOString(),
    lane,
    ...entityOf(context, attempt),
    attemptNumber,
    errorMessage: message,
    code,
    shouldRetry,
    durationMs,
    sent,
    changes,
    correlationId,
    outcome: attempt.outcome,
  };
}

function entityOf(
  { journal, lives }: Context,
  { position, changes }: NumberedAttempt,
): Pick<HistoryEntry, "entityType" | "entityId"> {
  const row = changes === 1 ? journal.row(ordinalOf(position), seqOf(position)) : undefined;
  if (row?.kind.startsWith("inventory.")) return { entityType: "Inventory", entityId: row.localId };
  if (row && /^(order|transaction)\./.test(row.kind)) return { entityType: "Transaction", entityId: row.localId };
  const incarnation = lives.find(({ ordinal }) => ordinal === ordinalOf(position))?.incarnation ?? "";
  const range = changes === 0 ? "" : `-${seqOf(position)}-${seqOf(position) + changes - 1}`;
  return { entityType: "Batch", entityId: `central-${incarnation}${range}` };
}
