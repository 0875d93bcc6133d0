import type { Effect } from "@tillsync/protocol";
import type { AttemptLog } from "./attempt-log.ts";
import type { BesideLane } from "./beside-lane.ts";
import { type Journal, type Life, ordinalOf, positionOf, seqOf } from "./journal.ts";
import type { LocalStore } from "./ports.ts";
import {
  type ItemContext,
  itemOf,
  parseQueueId,
  type QueueItem,
  type QueueStatus,
  type QueueType,
  queueIdOf,
  recordedAt,
  type Waypoint,
} from "./queue-item.ts";
import { isFailed } from "./statistics.ts";
import { isDurable } from "./status.ts";

/** Which part of the queue, and which page of it. */
export interface QueueFilter {
  readonly type?: QueueType | undefined;
  readonly status?: QueueStatus | undefined;
  /** Items at most: 1 to 500, default 200. */
  readonly limit?: number | undefined;
  /** Those behind this one: the `next` of the page before, or the id of an item. */
  readonly after?: string | undefined;
}

export interface QueuePage {
  readonly items: readonly QueueItem[];
  /** Where the next page begins; null on the last one. */
  readonly next: string | null;
}

export const MAX_QUEUE_PAGE = 500;
const DEFAULT_PAGE = 200;

/** How many of the changes that the centre has count as recent. More are behind `explain`, and at the centre. */
export const RECENT = 100;

export interface QueueContext extends ItemContext {
  readonly journal: Journal;
  readonly store: LocalStore;
  readonly attempts: AttemptLog;
  /** Position up to which what the centre lacks is on its way now. */
  readonly inFlight: number | null;
  readonly besides?: (() => readonly BesideLane[]) | undefined;
}

/** Lanes beside the central one have a few items at most: they are one page. */
function besideItems({ besides }: QueueContext, { type, status, after }: QueueFilter): QueuePage {
  const lanes = (besides?.() ?? []).filter(({ queueType }) => queueType === type);
  const items = after === undefined ? lanes.flatMap((lane) => lane.items) : [];
  return { items: items.filter((item) => status === undefined || item.status === status), next: null };
}

/**
 * Requirement 002's queue as a view of what is there anyway, in the order in which things go: the last changes that the
 * centre has (Completed) and those it has and did not apply (Failed when they need a person, else Processing), then
 * what it lacks (Processing while on its way, else Pending; Failed when the lane stopped). Nothing is copied for it, and
 * a page costs what is on it, whatever the history.
 *
 * @throws SyncError INVALID_INPUT when `after` is no id of this queue
 */
export function queueOf(context: QueueContext, filter: QueueFilter): QueuePage {
  if (filter.type !== undefined && filter.type !== "CentralSync") return besideItems(context, filter);
  const limit = Math.max(1, Math.min(filter.limit ?? DEFAULT_PAGE, MAX_QUEUE_PAGE));
  const after = filter.after === undefined ? 0 : placeOf(context.lives, filter.after);
  const window = candidates(context, filter.status, after, limit + 1).slice(0, limit + 1);
  const shown = window.slice(0, limit);
  const deliveries = shown.some(({ position }) => isDurable(context.lives, position))
    ? context.attempts.deliveries()
    : [];
  const items = shown.flatMap((candidate) => {
    const waypoint = waypointOf(context, candidate, deliveries);
    const isWanted = filter.status === undefined || waypoint?.status === filter.status;
    return waypoint && isWanted ? [itemOf(context, waypoint)] : [];
  });
  const last = shown.at(-1);
  return { items, next: window.length > limit && last ? idAt(context.lives, last.position) : null };
}

interface Candidate {
  readonly position: number;
  readonly exception: Waypoint["exception"];
}

/** What may belong on the page, in order: up to `limit` from each place where such a status can come from. */
function candidates(context: QueueContext, status: QueueStatus | undefined, after: number, limit: number): Candidate[] {
  const found = new Map<number, Candidate>();
  const done = status === undefined || status === "Completed" ? recentlyDone(context, after) : [];
  for (const position of [...done, ...waiting(context, status, after, limit)]) {
    found.set(position, { position, exception: null });
  }
  // Last, because a change that has one is not merely done.
  const behind = status === "Completed" ? Math.max(after, (done[0] ?? 0) - 1) : after;
  const recent = done[0] ?? Number.MAX_SAFE_INTEGER;
  for (const exception of exceptions(context.store, EFFECTS[status ?? "Completed"], { behind, recent, limit })) {
    found.set(exception.position, exception);
  }
  return [...found.values()].sort((a, b) => a.position - b.position);
}

/** What the centre lacks, life by life, as far as it can have that status. */
function waiting(context: QueueContext, status: QueueStatus | undefined, after: number, limit: number): number[] {
  const { lives, journal, lane, inFlight } = context;
  const isPossible = status === undefined || (lane.halted ? status === "Failed" : WAITING_STATUSES.has(status));
  if (!isPossible) return [];
  const behind = status === "Pending" ? Math.max(after, inFlight ?? 0) : after;
  const through = status === "Processing" ? (inFlight ?? 0) : Number.POSITIVE_INFINITY;
  const positions: number[] = [];
  for (const { ordinal, durableThrough, headSeq } of lives) {
    const from = Math.max(positionOf(ordinal, durableThrough), behind) + 1;
    const to = Math.min(positionOf(ordinal, headSeq), through);
    if (from <= to && positions.length < limit)
      positions.push(...journal.positions(from, to, limit - positions.length));
  }
  return positions;
}

const WAITING_STATUSES: ReadonlySet<QueueStatus> = new Set(["Pending", "Processing"]);

/** The last changes that the centre has, of the newest life of which it has any. */
function recentlyDone({ lives, journal }: QueueContext, after: number): number[] {
  const life = lives.findLast(({ durableThrough }) => durableThrough > 0);
  if (life === undefined) return [];
  const last = positionOf(life.ordinal, life.durableThrough);
  const first = positionOf(life.ordinal, Math.max(1, life.durableThrough - RECENT + 1));
  return journal.positions(Math.max(first, after + 1), last, RECENT);
}

type ExceptionRow = { readonly position: number } & NonNullable<Waypoint["exception"]>;

/** Which effects can give a status. What is Completed has none; they are read to be left out. */
const EFFECTS: Readonly<Record<QueueStatus, readonly [Effect, Effect, Effect, Effect] | undefined>> = {
  Failed: ["parked", "conflict", "parked", "conflict"],
  Processing: ["pending", "waiting", "pending", "waiting"],
  Completed: ["parked", "conflict", "pending", "waiting"],
  Pending: undefined,
};

function exceptions(
  store: LocalStore,
  effects: (typeof EFFECTS)[QueueStatus],
  { behind, recent, limit }: { behind: number; recent: number; limit: number },
): Candidate[] {
  if (effects === undefined) return [];
  // What a person gave up is done with: it is shown while it is recent, like all that is done.
  const sql = `SELECT position, effect, code, message FROM exception WHERE position > ? AND effect IN (?, ?, ?, ?)
    AND (code IS NOT 'DISCARDED' OR position >= ?) ORDER BY position LIMIT ?`;
  const rows = store.read.all<ExceptionRow>(sql, behind, ...effects, recent, limit);
  return rows.map(({ position, ...exception }) => ({ position, exception }));
}

function waypointOf(
  context: QueueContext,
  { position, exception }: Candidate,
  deliveries: ReturnType<AttemptLog["deliveries"]>,
): Waypoint | undefined {
  const row = context.journal.row(ordinalOf(position), seqOf(position));
  if (row === undefined) return undefined;
  const durable = isDurable(context.lives, position);
  const status = durable ? settledStatus(exception) : waitingStatus(context, position);
  const delivery = durable
    ? deliveries.find((attempt) => attempt.position <= position && position < attempt.position + attempt.sent)
    : undefined;
  return { row, status, durable, exception, delivery };
}

function settledStatus(exception: Candidate["exception"]): QueueStatus {
  if (exception === null || exception.code === "DISCARDED") return "Completed";
  return isFailed(exception) ? "Failed" : "Processing";
}

function waitingStatus({ lane, inFlight }: QueueContext, position: number): QueueStatus {
  if (lane.halted) return "Failed";
  return inFlight !== null && position <= inFlight ? "Processing" : "Pending";
}

function idAt(lives: readonly Life[], position: number): string {
  const incarnation = lives.find(({ ordinal }) => ordinal === ordinalOf(position))?.incarnation ?? "";
  return queueIdOf({ incarnation, seq: seqOf(position) });
}

/** @throws SyncError INVALID_INPUT */
function placeOf(lives: readonly Life[], id: string): number {
  const { incarnation, seq } = parseQueueId(id, "after");
  const life = lives.find((candidate) => candidate.incarnation === incarnation);
  // An id of another till: nothing of ours is behind it that could be named, so the page begins at the start.
  return life === undefined ? 0 : positionOf(life.ordinal, seq);
}

/** When the oldest change that the centre lacks was recorded; null when it lacks none. */
export function oldestWaiting(journal: Journal, lives: readonly Life[]): string | null {
  const life = lives.find(({ durableThrough, headSeq }) => durableThrough < headSeq);
  const body = life && journal.row(life.ordinal, life.durableThrough + 1)?.body;
  if (body === undefined) return null;
  // The envelope's own id stands before everything that somebody else wrote, so it can be found without reading it all.
  return recordedAt(/"changeId":"([^"]+)"/.exec(body.slice(0, 200))?.[1]) ?? null;
}
