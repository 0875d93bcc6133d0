import type { LaneState } from "@tillsync/lanes";
import { type Effect, parseReceiptNumber, SyncError } from "@tillsync/protocol";
import { type JournalRow, ordinalOf, seqOf } from "./journal.ts";
import { type OtherRow, othersOf, othersOfReceipt } from "./others.ts";
import type { Stub } from "./retirement/stub.ts";
import { isDurable, type Shelf } from "./status.ts";
import type { ExplainStep, Explanation } from "./verbs.ts";
import { bodyOf, foldOrder } from "./view.ts";

type Context = Shelf & { readonly lane: LaneState };

/**
 * Where a document is now and all that happened to it, as this till knows it.
 *
 * @param key a receipt number or a localId
 * @returns undefined when the till has neither
 */
export function explain(context: Context, key: string): Explanation | undefined {
  const localId = localIdOf(context, key);
  const rows = context.journal.ofEntity(localId);
  const others = othersOf(context.store.read, localId);
  const last = rows.at(-1);
  if (last === undefined && others.length === 0) return undefined;
  const own = rows.map((row) => changeOf(context, row));
  const isLost = ({ position }: JournalRow) => exceptionAt(context, position)?.effect === "conflict";
  const printed = rows.map(printedOn).find((number) => number !== undefined);
  const receiptNumber = orUnreadable(() => foldOrder(rows, others, isLost)?.receiptNumber) ?? printed ?? null;
  const steps = rows.flatMap((row, index) => stepsOf(context, row, own[index]?.effect ?? null));
  const where =
    last === undefined ? "At head office, by another terminal; this till has a copy." : whereOf(context, last);
  const changes = [...others.map(changeOfOther), ...own];
  return { localId, receiptNumber, where, changes, steps: [...others.map(stepOfOther), ...steps] };
}

/** What another terminal did: its hash is for that terminal and head office to check. */
function changeOfOther({ terminal, incarnation, seq, kind, effect, localId, body }: OtherRow) {
  const said = orUnreadable(() => bodyOf({ localId, body })) ?? null;
  const place = { terminal, incarnation, seq, kind, hash: null };
  return { ...place, intact: said !== null, durable: true, effect, code: null, message: null, body: said };
}

function stepOfOther({ terminal, seq, kind, effect, localId, body }: OtherRow): ExplainStep {
  const said = orUnreadable(() => bodyOf({ localId, body }) as unknown as { occurredAt?: string });
  const lost = effect === "applied" ? "" : "; it lost to another version and is kept";
  return { at: said?.occurredAt ?? null, what: `${kind} on terminal ${terminal} (seq ${seq})${lost}` };
}

function localIdOf({ journal, store }: Context, key: string): string {
  try {
    const { businessDate, sequence } = parseReceiptNumber(key);
    const rows = journal.ofReceipt(businessDate, sequence);
    const found = rows.find((row) => printedOn(row) === key) ?? rows.find((row) => printedOn(row) === undefined);
    return found?.localId ?? localIdOfOther(store, key);
  } catch (error) {
    if (error instanceof SyncError) return localIdOfOther(store, key); // not a receipt number of our making
    throw error;
  }
}

/** The order that another terminal printed this number for; else the key is a localId. */
function localIdOfOther({ read }: Shelf["store"], key: string): string {
  return othersOfReceipt(read, key)[0]?.localId ?? key;
}

function printedOn(row: JournalRow): string | undefined {
  if (row.retired !== null) return (JSON.parse(row.retired) as Stub).receiptNumber;
  return orUnreadable(() => (bodyOf(row).payload as { receiptNumber: string }).receiptNumber);
}

const UNREADABLE: ReadonlySet<string> = new Set(["BODY_DAMAGED", "BODY_RETIRED"]);

/** A damaged row is what people come here to see, so nothing about it may get in the way. */
function orUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyncError && UNREADABLE.has(error.code)) return undefined;
    throw error;
  }
}

function exceptionAt(
  { store }: Context,
  position: number,
): { effect: Effect; code: string | null; message: string | null } | undefined {
  return store.read.get("SELECT effect, code, message FROM exception WHERE position = ?", position);
}

function changeOf(context: Context, row: JournalRow): Explanation["changes"][number] {
  const ordinal = ordinalOf(row.position);
  const incarnation = context.lives.find((life) => life.ordinal === ordinal)?.incarnation ?? "";
  const seq = seqOf(row.position);
  const prevHash = context.journal.hashAt(ordinal, seq - 1) ?? "";
  const durable = isDurable(context.lives, row.position);
  const exception = exceptionAt(context, row.position);
  return {
    incarnation,
    seq,
    kind: row.kind,
    hash: row.hash,
    intact: row.retired !== null || context.journal.intact(incarnation, row, prevHash),
    ...(row.retired === null ? {} : { retired: true as const }),
    durable,
    effect: exception?.effect ?? (durable ? "applied" : null),
    code: exception?.code ?? null,
    message: exception?.message ?? null,
    body: orUnreadable(() => bodyOf(row)) ?? null,
  };
}

const SAID: Readonly<Record<string, string>> = {
  "order.edited": "the open order was edited on this till",
  "order.closed": "paid; written durably on this till",
  "order.voided": "given up before payment",
  "order.deleted": "deleted while open",
  "transaction.recorded": "recorded on this till",
  "inventory.updated": "stock movement recorded on this till",
  "customer.edited": "customer edited on this till",
  "shift.opened": "shift opened",
  "shift.closed": "shift closed",
  "terminal.reborn": "a new life of this till's database began",
};

function stepsOf(context: Context, row: JournalRow, effect: Effect | null): ExplainStep[] {
  const said = orUnreadable(() => bodyOf(row) as unknown as { occurredAt?: string });
  const seq = seqOf(row.position);
  const written = { at: said?.occurredAt ?? null, what: `${SAID[row.kind] ?? row.kind} (seq ${seq})` };
  if (!isDurable(context.lives, row.position)) return [written, { at: null, what: "waits to be sent to head office" }];
  const stored = { at: null, what: "stored at head office, durably" };
  const exception = exceptionAt(context, row.position);
  const result = exception
    ? `${effect} at head office: ${exception.message ?? exception.code ?? "a person has to look"}`
    : "applied at head office";
  return [written, stored, { at: null, what: result }];
}

function whereOf(context: Context, last: JournalRow): string {
  if (!isDurable(context.lives, last.position)) {
    const why = context.lane.error ? ` The last attempt failed: ${context.lane.error.message}` : "";
    return `On this till only, safe and waiting to be sent.${why}`;
  }
  const exception = exceptionAt(context, last.position);
  if (last.retired !== null)
    return "At head office, applied. This till keeps only its place in the chain, because it is old.";
  if (exception === undefined) return "At head office and on this till, applied.";
  return `At head office and on this till; head office has it ${exception.effect}: ${exception.message ?? exception.code ?? "a person has to look"}`;
}
