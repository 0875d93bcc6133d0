import {
  foldEvents,
  foldHeader,
  type HeaderEdit,
  type Kind,
  type LineEvent,
  type OrderClosed,
  type OrderEdited,
  type PayloadOf,
  SyncError,
} from "@tillsync/protocol";
import type { JournalRow } from "./journal.ts";
import type { OtherRow } from "./others.ts";
import { retired } from "./retirement/recall.ts";
import type { OrderView } from "./verbs.ts";

/** An order as its changes describe it. */
export type Folded = Omit<OrderView, "orderSyncStatus" | "effect">;

interface Body {
  readonly shiftId?: string;
  readonly payload: unknown;
}

/** A change of an order, whoever made it. */
interface OrderRow
  extends Pick<JournalRow, "kind" | "localId" | "version" | "businessDate" | "body">,
    Partial<Pick<JournalRow, "retired">> {
  /** Undefined for this till's own. */
  readonly terminal?: string | undefined;
  /** It lost to another version at head office: kept, and not what the order is. */
  readonly isLost: boolean;
}

/**
 * Folds an order from this till's own changes, oldest first, and what others did: the union of all line events, and one
 * end. Only the set counts, so every terminal that has the same changes sees the same order.
 *
 * @param isLost whether head office has a change of this till as a conflict
 * @returns undefined when none of them is about an order
 * @throws SyncError BODY_DAMAGED when the bytes of one no longer say what an order says
 */
export function foldOrder(
  own: readonly JournalRow[],
  others: readonly OtherRow[] = [],
  isLost: (row: JournalRow) => boolean = () => false,
): Folded | undefined {
  const rows: OrderRow[] = [
    ...own.map((row) => ({ ...row, isLost: isLost(row) })),
    ...others.map((row) => ({ ...row, isLost: row.effect !== "applied" })),
  ].filter((row) => row.kind.startsWith("order."));
  // What others sent in vain does not make an order.
  const last = rows.findLast((row) => row.terminal === undefined || !row.isLost);
  if (last === undefined) return undefined;
  try {
    return fold(rows, last);
  } catch (cause) {
    throw cause instanceof SyncError ? cause : damaged(last.localId, cause);
  }
}

const ENDS: ReadonlySet<Kind> = new Set<Kind>(["order.voided", "order.deleted", "order.withdrawn"]);
const isClosing = (row: OrderRow) => row.kind === "order.closed";
const isEnd = (row: OrderRow) => ENDS.has(row.kind);
const isOwn = (row: OrderRow) => row.terminal === undefined;

/**
 * The change that made the order what it is. What head office has as the end goes before what this till still believes;
 * money that was taken goes before giving up, and a till's own end stands until another is known.
 */
function decisive(rows: readonly OrderRow[]): OrderRow | undefined {
  const stand = rows.filter((row) => !row.isLost);
  const find = (among: readonly OrderRow[], is: (row: OrderRow) => boolean) => among.findLast(is);
  return (
    find(stand, (row) => isClosing(row) && !isOwn(row)) ??
    find(stand, isClosing) ??
    find(stand, (row) => isEnd(row) && !isOwn(row)) ??
    find(stand, isEnd) ??
    latest(stand.filter(({ kind }) => kind === "order.submitted")) ??
    find(rows, (row) => isClosing(row) && isOwn(row)) ??
    find(rows, (row) => isEnd(row) && isOwn(row))
  );
}

function latest(rows: readonly OrderRow[]): OrderRow | undefined {
  return rows.toSorted((one, other) => one.version - other.version).at(-1);
}

function fold(rows: readonly OrderRow[], last: OrderRow): Folded {
  const edits = rows.filter((row) => row.kind === "order.edited");
  const payloads = edits.map((row) => ({ ...row, edit: bodyOf(row).payload as OrderEdited }));
  const events: LineEvent[] = unique(payloads.flatMap(({ edit }) => edit.events));
  const end = decisive(rows);
  const shown = end ?? last;
  const common = {
    localId: last.localId,
    version: Math.max(...rows.map(({ version }) => version)),
    businessDate: shown.businessDate,
    shiftId: bodyOf(shown).shiftId ?? null,
    events,
    header: foldHeader(headerEditsOf(edits.filter(({ isLost }) => !isLost))),
    ...(end?.terminal === undefined ? {} : { terminal: end.terminal }),
    ...alsoPaid(rows, end),
  };
  if (end?.kind === "order.closed") {
    const { currency, totalMinor, lines, tenders, receiptNumber } = bodyOf(end).payload as OrderClosed;
    return { ...common, state: "closed", currency, totalMinor, lines, tenders, receiptNumber };
  }
  if (end?.kind === "order.submitted") {
    const { currency, totalMinor = 0, number = null } = bodyOf(end).payload as PayloadOf<"order.submitted">;
    return { ...common, state: "closed", currency, totalMinor, lines: [], tenders: [], receiptNumber: number };
  }
  const state = end === undefined ? "open" : end.kind === "order.voided" ? "voided" : "deleted";
  const standing = payloads.filter(({ isLost }) => !isLost).flatMap(({ edit }) => edit.events);
  const open = foldEvents(payloads[0]?.edit.currency ?? "XXX", standing);
  return { ...common, state, ...open, tenders: [], receiptNumber: null };
}

/** What edits say about the header of their order. */
export function headerEditsOf(rows: readonly Pick<JournalRow, "kind" | "localId" | "body">[]): HeaderEdit[] {
  return rows.filter(({ kind }) => kind === "order.edited").map((row) => bodyOf(row) as unknown as HeaderEdit);
}

/** An event is the same whoever brings it and how often. */
function unique(events: readonly LineEvent[]): LineEvent[] {
  return [...new Map(events.map((event) => [JSON.stringify(event), event])).values()];
}

/** Other receipts that were printed for this order. Each took money; the sale counts once. */
function alsoPaid(rows: readonly OrderRow[], end: OrderRow | undefined): Pick<Folded, "alsoPaid"> {
  const receipts = rows
    .filter((row) => isClosing(row) && row !== end)
    .map((row) => {
      const { receiptNumber, totalMinor } = bodyOf(row).payload as OrderClosed;
      return { receiptNumber, totalMinor, terminal: row.terminal ?? null };
    });
  const shown = end === undefined ? undefined : (bodyOf(end).payload as Partial<OrderClosed>).receiptNumber;
  // A change that was sent again in a later life is there twice.
  const others = receipts.filter(({ receiptNumber }) => receiptNumber !== shown);
  return others.length === 0 ? {} : { alsoPaid: [...new Map(others.map((one) => [one.receiptNumber, one])).values()] };
}

/** @throws SyncError BODY_DAMAGED, BODY_RETIRED */
export function bodyOf(row: Pick<JournalRow, "body" | "localId"> & Partial<Pick<JournalRow, "retired">>): Body {
  if (typeof row.retired === "string") throw retired(row.localId);
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
