import { type LaneState, treatmentOf } from "@tillsync/lanes";
import { type Effect, isErrorCode, SyncError } from "@tillsync/protocol";
import { pendingOf } from "./central.ts";
import { type Journal, type Life, ordinalOf, seqOf } from "./journal.ts";
import type { KindTally } from "./kind-tally.ts";
import type { ModulesSummary } from "./modules/status.ts";
import { othersOf } from "./others.ts";
import type { LocalStore } from "./ports.ts";
import { queueCounts } from "./queue-item.ts";
import type { Retired } from "./retirement/retirement.ts";
import { BADGE_AFTER, type TerminalSettings } from "./settings.ts";
import { countOf, type ExceptionCount, isFailed, statistics } from "./statistics.ts";
import type { StorageState, StorageStatus } from "./storage-status.ts";
import type { ConnectivityStatus, LaneStatus, OrderView, Shift, TerminalStatus } from "./verbs.ts";
import { foldOrder } from "./view.ts";

export interface StatusInput {
  readonly settings: TerminalSettings;
  readonly lives: readonly Life[];
  readonly shift: Shift | null;
  readonly lane: LaneState & { readonly sending: boolean; readonly stalls: number };
  readonly connectivity: ConnectivityStatus;
  readonly modules: ModulesSummary;
  readonly exceptions: readonly ExceptionCount[];
  readonly tally: Pick<KindTally, "of">;
  /** When the oldest change that the centre lacks was recorded. */
  readonly oldestAt: string | null;
  readonly stopped: SyncError | null;
  readonly storage: StorageStatus;
  readonly retired: Retired;
  readonly nextAttemptAt: number;
}

/** What people and programs see of a terminal; 004's words where 004 has one. */
export function statusOf(input: StatusInput): TerminalStatus {
  const { terminal, shortId, store, currency, timeZone = "UTC" } = input.settings;
  const pending = pendingOf(input.lives);
  const present = input.lives.at(-1);
  const { halted, failures, lastSuccessAt, sending } = input.lane;
  const stopped = input.stopped ? { code: input.stopped.code, message: input.stopped.message } : null;
  const failed = countOf(input.exceptions.filter(isFailed));
  const besides = input.settings.besides?.() ?? [];
  return {
    terminal,
    shortId,
    store,
    currency,
    timeZone,
    incarnation: present?.incarnation ?? "",
    incarnationOrdinal: present?.ordinal ?? 0,
    reborn: rebornOf(present),
    syncState: sending ? "Syncing" : failures > 0 ? "Error" : lastSuccessAt === null ? "Idle" : "Success",
    light: lightOf(input, pending),
    text: stopped?.message ?? [input.storage.message, sentence(input, pending)].filter(Boolean).join(" "),
    headSeq: present?.headSeq ?? 0,
    durableThrough: present?.durableThrough ?? 0,
    pending,
    exceptions: countOf(input.exceptions),
    ...statistics(input),
    lastSyncTimestamp: lastSuccessAt,
    queue: queueCounts({ pending, failed, halted, oldestAt: input.oldestAt }, besides),
    shift: input.shift,
    lanes: [laneOf(input, pending), ...besides.map(({ status }) => status)],
    connectivity: [input.connectivity],
    modules: input.modules,
    storage: input.storage,
    retired: input.retired,
    stopped,
  };
}

/** Soon nothing can be sold. */
const RED: ReadonlySet<StorageState> = new Set(["damaged", "read-only", "failing", "full"] as const);

/** 002: green online, yellow degraded, red offline; and never green while something waits. */
function lightOf(input: StatusInput, pending: number): TerminalStatus["light"] {
  const { stopped, lane, connectivity, storage } = input;
  const exceptions = countOf(input.exceptions);
  if (stopped || lane.halted || connectivity.state === "offline" || RED.has(storage.state)) return "red";
  const isFine =
    storage.state === "ok" &&
    connectivity.state === "online" &&
    lane.failures === 0 &&
    pending === 0 &&
    exceptions === 0;
  return isFine ? "green" : "yellow";
}

function sentence(input: StatusInput, pending: number): string {
  const { lane } = input;
  const exceptions = countOf(input.exceptions);
  const waits =
    pending === 0
      ? "Everything sold is at head office."
      : `${pending} ${pending === 1 ? "change waits" : "changes wait"} to be sent; all are safe on this till.`;
  const parked =
    exceptions === 0 ? "" : ` ${exceptions} at head office ${exceptions === 1 ? "needs" : "need"} a person.`;
  if (lane.halted) return `Sending stopped: ${lane.error?.message ?? "a person has to look"} ${waits}`;
  return [way(input), waits].filter(Boolean).join(" ") + parked + newLife(input);
}

function rebornOf(present: Life | undefined): TerminalStatus["reborn"] {
  if (present === undefined || present.ordinal === 1) return null;
  return { reason: present.reason, businessDate: present.beganOn };
}

/** Whoever sells in the shift of that day, or an earlier one, hears of it; later the page still has it. */
function newLife({ lives, shift }: StatusInput): string {
  const present = lives.at(-1);
  const reborn = rebornOf(present);
  if (reborn === null || shift === null || shift.businessDate > (reborn.businessDate ?? "")) return "";
  return ` This till went on in life ${present?.ordinal}: ${reborn.reason}.`;
}

/** What there is to say about the way to head office; nothing while all is well. */
function way({ connectivity: { state }, lane: { error, failures } }: StatusInput): string {
  const why = failures > 0 && error !== null ? `: ${error.message}` : ".";
  switch (state) {
    case "offline":
      return `Head office cannot be reached${why}`;
    case "degraded":
      return failures > 0 ? `Head office answers, but not as it should${why}` : "The way to head office is slow.";
    case "unknown":
      return failures > 0 ? `Head office could not be reached before${why}` : "";
    case "online":
      return failures === 0
        ? ""
        : missed(error)
          ? "Head office answers again; sending goes on."
          : `Sending failed${why}`;
  }
}

/** The last attempt found nobody; anything else that fails beside a way that is fine fails on this till. */
function missed(error: LaneState["error"]): boolean {
  return error !== null && isErrorCode(error.code) && treatmentOf(error.code).shows === "silent";
}

function laneOf({ lane, nextAttemptAt, settings }: StatusInput, pending: number): LaneStatus {
  const error = lane.error;
  const state = lane.halted
    ? "parked"
    : lane.sending
      ? "sending"
      : lane.failures > 0
        ? "retrying"
        : pending > 0
          ? "pending"
          : "settled";
  return {
    name: "central",
    state,
    pending,
    failures: lane.failures,
    badge: lane.halted || lane.failures >= (settings.badgeAfter ?? BADGE_AFTER),
    lastAttemptAt: iso(lane.lastAttemptAt),
    lastSuccessAt: iso(lane.lastSuccessAt),
    nextAttemptAt: lane.halted || lane.sending ? null : iso(nextAttemptAt),
    lastError: error,
    halted: lane.halted ? error : null,
    breaker: lane.breaker,
    stalls: lane.stalls,
  };
}

function iso(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}

export interface Shelf {
  readonly journal: Journal;
  readonly store: LocalStore;
  readonly lives: readonly Life[];
}

/** An order with where it is on its way. */
export function orderView(shelf: Shelf, localId: string): OrderView | undefined {
  const rows = shelf.journal.ofEntity(localId);
  const isLost = ({ position }: { position: number }) => effectAt(shelf, position) === "conflict";
  const order = foldOrder(rows, othersOf(shelf.store.read, localId), isLost);
  if (order === undefined) return undefined;
  const last = rows.at(-1)?.position;
  if (last === undefined) return { ...order, orderSyncStatus: "SYNCED", effect: "applied" };
  const effect = effectAt(shelf, last);
  const synced = isDurable(shelf.lives, last);
  const failed = effect !== null && isFailed({ effect });
  return { ...order, orderSyncStatus: failed ? "FAILED" : synced ? "SYNCED" : "PENDING", effect };
}

/** One order that the disk damaged must not hide the others; asked for by its id, it says what is wrong. */
export function openOrderViews(shelf: Shelf): OrderView[] {
  const rows = shelf.store.read.all<{ localId: string }>(
    "SELECT local_id AS localId FROM open_order ORDER BY local_id",
  );
  return rows.flatMap(({ localId }) => {
    try {
      return orderView(shelf, localId) ?? [];
    } catch (error) {
      if (error instanceof SyncError && error.code === "BODY_DAMAGED") return [];
      throw error;
    }
  });
}

export function isDurable(lives: readonly Life[], position: number): boolean {
  const life = lives.find((candidate) => candidate.ordinal === ordinalOf(position));
  return life !== undefined && seqOf(position) <= life.durableThrough;
}

/** What the centre made of a change, as far as the till knows: exceptions are told, silence after storage means applied. */
export function effectAt(shelf: Shelf, position: number): Effect | null {
  const row = shelf.store.read.get<{ effect: Effect }>("SELECT effect FROM exception WHERE position = ?", position);
  if (row) return row.effect;
  return isDurable(shelf.lives, position) ? "applied" : null;
}
