import { foldEvents, type LineEvent, type OrderClosed, type OrderEdited, SyncError } from "@tillsync/protocol";
import type { JournalRow } from "./journal.ts";
import type { OrderView } from "./verbs.ts";

/** An order as its changes describe it. */
export type Folded = Omit<OrderView, "orderSyncStatus" | "effect">;

interface Body {
  readonly shiftId?: string;
  readonly payload: unknown;
}

/**
 * Folds an order's journal rows, oldest first.
 *
 * @returns undefined when none of them is about an order
 * @throws SyncError BODY_DAMAGED when the bytes of one no longer say what an order says
 */
export function foldOrder(rows: readonly JournalRow[]): Folded | undefined {
  const orders = rows.filter((row) => row.kind.startsWith("order."));
  const last = orders.at(-1);
  if (last === undefined) return undefined;
  try {
    return fold(orders, last);
  } catch (cause) {
    throw cause instanceof SyncError ? cause : damaged(last.localId, cause);
  }
}

function fold(orders: readonly JournalRow[], last: JournalRow): Folded {
  const edits = orders.filter((row) => row.kind === "order.edited").map((row) => bodyOf(row).payload as OrderEdited);
  const events: LineEvent[] = edits.flatMap((edit) => edit.events);
  const common = {
    localId: last.localId,
    version: last.version,
    businessDate: last.businessDate,
    shiftId: bodyOf(last).shiftId ?? null,
    events,
  };
  if (last.kind === "order.closed") {
    const { currency, totalMinor, lines, tenders, receiptNumber } = bodyOf(last).payload as OrderClosed;
    return { ...common, state: "closed", currency, totalMinor, lines, tenders, receiptNumber };
  }
  const state = last.kind === "order.voided" ? "voided" : last.kind === "order.deleted" ? "deleted" : "open";
  const open = foldEvents(edits[0]?.currency ?? "XXX", events);
  return { ...common, state, ...open, tenders: [], receiptNumber: null };
}

/** @throws SyncError BODY_DAMAGED */
export function bodyOf(row: JournalRow): Body {
  try {
    return JSON.parse(row.body) as Body;
  } catch (cause) {
    throw damaged(row.localId, cause);
  }
}

function damaged(localId: string, cause: unknown): SyncError {
  const message = `The till's own copy of ${localId} was damaged on its disk and cannot be read; explain shows which change.`;
  return new SyncError("BODY_DAMAGED", message, { localId }, cause);
}
