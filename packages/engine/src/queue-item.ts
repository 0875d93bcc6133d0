import type { LaneState } from "@tillsync/lanes";
import { type Effect, type Kind, SyncError } from "@tillsync/protocol";
import type { NumberedAttempt } from "./attempt-log.ts";
import type { BesideLane } from "./beside-lane.ts";
import { type JournalRow, type Life, ordinalOf, seqOf } from "./journal.ts";

/** Requirement 002's words for what goes where; of eTIMS and M-Pesa there is no lane yet. */
export const QUEUE_TYPES = ["CentralSync", "EtimsInvoice", "MpesaVerify", "CloudBackup"] as const;
export type QueueType = (typeof QUEUE_TYPES)[number];

export const QUEUE_STATUSES = ["Pending", "Processing", "Completed", "Failed"] as const;
export type QueueStatus = (typeof QUEUE_STATUSES)[number];

/** One entry of 002's SyncQueue, with 000's `shiftId` and attempt times. Nothing stores it: it is read from what is there. */
export interface QueueItem {
  /** Stable for as long as the till lives; see `queueIdOf`. */
  readonly id: string;
  readonly queueType: QueueType;
  /** What it is about: Receipt (a closed order), Order (an open one), Transaction, Inventory, Customer, Shift, Terminal, or Exception (a person's decision). */
  readonly entityType: string;
  readonly entityId: string;
  readonly status: QueueStatus;
  /** Failures of its lane in a row since it was recorded. */
  readonly retryCount: number;
  /** After so many a badge shows; nothing stops. */
  readonly maxRetries: number;
  readonly lastError: string | null;
  readonly createdAt: string;
  /** When the target had it, for as long as the history goes back. */
  readonly processedAt: string | null;
  readonly shiftId: string | null;
  readonly lastAttemptTime: string | null;
  readonly nextAttemptTime: string | null;
  /** Of the change; null for what is no change, such as a backup. */
  readonly kind: Kind | null;
  readonly receiptNumber: string | null;
  readonly effect: Effect | null;
  readonly incarnation: string | null;
  readonly seq: number | null;
}

/** What waits and what needs a person, of one type. */
export interface QueueCount {
  readonly queueType: QueueType;
  /** Pending and Processing. */
  readonly pending: number;
  /** Failed: they need a person. */
  readonly failed: number;
  /** When the oldest that the target lacks was recorded. */
  readonly oldestAt: string | null;
}

/** The counts of a status: those of `CentralSync`, of lanes that run beside it, and 0 of the types that have no lane. */
export function queueCounts(
  central: {
    readonly pending: number;
    readonly failed: number;
    readonly halted: boolean;
    readonly oldestAt: string | null;
  },
  besides: readonly BesideLane[] = [],
): QueueCount[] {
  const { failed, halted, oldestAt } = central;
  // A lane that stopped needs a person for everything behind it (design: parked is Failed).
  const [pending, needing] = halted ? [0, failed + central.pending] : [central.pending, failed];
  return QUEUE_TYPES.map((queueType) =>
    queueType === "CentralSync"
      ? { queueType, pending, failed: needing, oldestAt }
      : (besides.find((lane) => lane.queueType === queueType)?.count ?? {
          queueType,
          pending: 0,
          failed: 0,
          oldestAt: null,
        }),
  );
}

/** Where a queue item stands: the place of its change, which never moves. */
export interface QueuePlace {
  readonly queueType: QueueType;
  readonly incarnation: string;
  readonly seq: number;
}

/** `central-<incarnation>-<seq>`: the same change has the same id for ever. */
export function queueIdOf({ incarnation, seq }: Pick<QueuePlace, "incarnation" | "seq">): string {
  return `central-${incarnation}-${seq}`;
}

/** @throws SyncError INVALID_INPUT naming `field` */
export function parseQueueId(id: string, field = "id"): QueuePlace {
  const match = /^central-([0-9a-f]{16})-([1-9]\d{0,12})$/.exec(id);
  const [, incarnation, seq] = match ?? [];
  if (incarnation !== undefined && seq !== undefined)
    return { queueType: "CentralSync", incarnation, seq: Number(seq) };
  const expected = "an id of the queue, such as central-00000000000000aa-17";
  const got = id.length <= 60 ? JSON.stringify(id) : `text of ${id.length} characters`;
  throw new SyncError("INVALID_INPUT", `${field} must be ${expected}; got ${got}.`, { field, expected, got });
}

const ENTITY_TYPES: Readonly<Record<string, string>> = {
  "order.closed": "Receipt",
  order: "Order",
  transaction: "Transaction",
  inventory: "Inventory",
  customer: "Customer",
  shift: "Shift",
  terminal: "Terminal",
  exception: "Exception",
};

/** 002's word where it has one (Receipt), else the entity. 002's Payment is an M-Pesa payment, which has no lane yet. */
export function entityTypeOf(kind: Kind): string {
  return ENTITY_TYPES[kind] ?? ENTITY_TYPES[kind.split(".")[0] ?? ""] ?? kind;
}

/** A change with what is known of its way, from which an item is made. */
export interface Waypoint {
  readonly row: JournalRow;
  readonly status: QueueStatus;
  readonly durable: boolean;
  readonly exception: { readonly effect: Effect; readonly code: string | null; readonly message: string | null } | null;
  readonly delivery: NumberedAttempt | undefined;
}

/** What of its lane's state an item shows. Times are wall-clock milliseconds. */
export interface LaneView extends Pick<LaneState, "halted" | "failures" | "lastAttemptAt" | "error"> {
  readonly nextAttemptAt: number;
}

export interface ItemContext {
  readonly lives: readonly Life[];
  readonly lane: LaneView;
  readonly maxRetries: number;
}

export function itemOf({ lives, lane, maxRetries }: ItemContext, waypoint: Waypoint): QueueItem {
  const { row, status, durable, exception, delivery } = waypoint;
  const incarnation = lives.find(({ ordinal }) => ordinal === ordinalOf(row.position))?.incarnation ?? "";
  const seq = seqOf(row.position);
  const said = readBody(row);
  // What was recorded after the last attempt has not been tried.
  const lastAttempt = lane.lastAttemptAt === null ? null : isoOf(lane.lastAttemptAt);
  const tried = !durable && lastAttempt !== null && said.createdAt <= lastAttempt;
  const retryCount = tried ? lane.failures : 0;
  const why = durable ? (exception?.message ?? exception?.code ?? null) : null;
  return {
    id: queueIdOf({ incarnation, seq }),
    queueType: "CentralSync",
    entityType: entityTypeOf(row.kind),
    entityId: row.localId,
    status,
    retryCount,
    maxRetries,
    lastError: why ?? (retryCount > 0 ? (lane.error?.message ?? null) : null),
    createdAt: said.createdAt,
    processedAt: delivery ? isoOf(delivery.startedAtMs + delivery.durationMs) : null,
    shiftId: said.shiftId,
    lastAttemptTime: delivery ? isoOf(delivery.startedAtMs) : tried ? lastAttempt : null,
    nextAttemptTime: status === "Pending" && !durable ? isoOf(lane.nextAttemptAt) : null,
    kind: row.kind,
    receiptNumber: said.receiptNumber,
    effect: durable ? (exception?.effect ?? "applied") : null,
    incarnation,
    seq,
  };
}

interface Said {
  readonly createdAt: string;
  readonly shiftId: string | null;
  readonly receiptNumber: string | null;
}

/** Bytes that the disk damaged must not hide the item: of those, only what stands beside them is told. */
function readBody(row: JournalRow): Said {
  const unreadable = { createdAt: `${row.businessDate}T00:00:00.000Z`, shiftId: null, receiptNumber: null };
  try {
    const { changeId, shiftId, payload } = JSON.parse(row.body) as Record<string, unknown>;
    const receiptNumber = (payload as { receiptNumber?: unknown } | undefined)?.receiptNumber;
    return {
      createdAt: recordedAt(changeId) ?? unreadable.createdAt,
      shiftId: typeof shiftId === "string" ? shiftId : null,
      receiptNumber: typeof receiptNumber === "string" ? receiptNumber : null,
    };
  } catch {
    return unreadable;
  }
}

/** When a change was recorded: a UUIDv7 begins with 48 bits of milliseconds. `occurredAt` may be years before it (imports). */
export function recordedAt(changeId: unknown): string | undefined {
  if (typeof changeId !== "string" || !/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(changeId)) return undefined;
  return isoOf(Number.parseInt(changeId.slice(0, 8) + changeId.slice(9, 13), 16));
}

function isoOf(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
