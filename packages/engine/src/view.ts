import { foldEvents, type LineEvent, type OrderClosed, type OrderEdited } from "@tillsync/protocol";
import type { JournalRow } from "./journal.ts";
import type { OrderView } from "./verbs.ts";

/** An order as its changes describe it. */
export type Folded = Omit<OrderView, "orderSyncStatus" | "effect">;

interface Body {
  readonly shiftId?: string;
  readonly payload: unknown;
}

/** Folds an order's journal rows, oldest first. @returns undefined when none of them is about an order */
export function foldOrder(rows: readonly JournalRow[]): Folded | undefined {
  const orders = rows.filter((row) => row.kind.startsWith("order."));
  const last = orders.at(-1);
  if (last === undefined) return undefined;
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

export function bodyOf(row: JournalRow): Body {
  return JSON.parse(row.body) as Body;
}
