import type {
  CashMove,
  ClosedShift,
  CustomerDraft,
  History,
  HistoryPage,
  InventoryDraft,
  Items,
  LookUp,
  ModulesStatus,
  OrderDraft,
  OrderEdit,
  OrderView,
  Payment,
  QueueFilter,
  QueuePage,
  Recorded,
  Shift,
  ShiftClosing,
  ShiftOpening,
  ShiftReport,
  ShiftSummary,
  Terminal,
  TerminalEvent,
  TerminalStatus,
  TransactionDraft,
} from "@tillsync/engine";
import { exceptionId, type Kind, lineAmountMinor, type OrderLine, SyncError } from "@tillsync/protocol";
import { fakeLookUp } from "./fake-look-up.ts";
import { emptyOrder, HASH, HISTORY_ENTRY, ITEM, MODULES, QUEUE_ITEM, STATUS, shiftReport } from "./samples.ts";

type End = Parameters<Terminal["voidOrder"]>[0];

/** A terminal in memory that keeps just enough of the contract to test the door in front of it. */
export class FakeTerminal implements Terminal {
  /** What was asked of the verbs, oldest first. */
  readonly asked: { readonly verb: string; readonly input: unknown }[] = [];
  readonly listeners = new Set<(event: TerminalEvent) => void>();
  /** Thrown by the next verb or read, once. */
  failure: unknown;
  /** Called after a listener was taken off. */
  onUnsubscribe: () => void = () => undefined;
  #orders = new Map<string, OrderView>();
  readonly #customers = new Map<string, NonNullable<CustomerDraft["set"]>>();
  #bodies = new Map<string, unknown>();
  #seen = new Map<string, Recorded>();
  #status = STATUS;
  #shift: Shift | null = null;
  #seq = 0;

  closeOrder(draft: OrderDraft): Recorded {
    this.#ask("closeOrder", draft);
    return this.#close(draft);
  }

  editOrder(edit: OrderEdit): Recorded {
    this.#ask("editOrder", edit);
    const lines = [...(this.#orders.get(edit.localId)?.lines ?? []), ...(edit.add ?? []).map(lineOf)];
    this.#keep(edit.localId, { lines, totalMinor: totalOf(lines) });
    return this.#record("order.edited", edit.localId);
  }

  retryParked(parked: Parameters<Terminal["retryParked"]>[0]): Recorded {
    this.#ask("retryParked", parked);
    return this.#record("exception.retried", exceptionId(parked));
  }

  discardParked(parked: Parameters<Terminal["discardParked"]>[0]): Recorded {
    this.#ask("discardParked", parked);
    return this.#record("exception.discarded", exceptionId(parked));
  }

  payOrder(payment: Payment): Recorded {
    this.#ask("payOrder", payment);
    return this.#close({ ...payment, lines: this.#orders.get(payment.localId)?.lines ?? [] });
  }

  voidOrder(end: End): Recorded {
    this.#ask("voidOrder", end);
    return this.#end("voided", end.localId);
  }

  deleteOrder(end: End): Recorded {
    this.#ask("deleteOrder", end);
    return this.#end("deleted", end.localId);
  }

  recordTransaction(draft: TransactionDraft): Recorded {
    this.#ask("recordTransaction", draft);
    return this.#once("transaction.recorded", draft.localId, () => this.#record("transaction.recorded", draft.localId));
  }

  recordInventory(draft: InventoryDraft): Recorded {
    this.#ask("recordInventory", draft);
    return this.#once("inventory.updated", draft.localId, () => this.#record("inventory.updated", draft.localId));
  }

  editCustomer(draft: CustomerDraft): Recorded {
    this.#ask("editCustomer", draft);
    const before = this.#customers.get(draft.id);
    if (draft.deleted === true && before === undefined)
      throw new SyncError("NOT_FOUND", "This till knows no customer with this id.", { field: "id" });
    if (draft.deleted === true) this.#customers.delete(draft.id);
    else this.#customers.set(draft.id, { ...before, ...draft.set });
    return this.#once("customer.edited", `${draft.id} ${JSON.stringify(draft)}`, () =>
      this.#record("customer.edited", draft.id),
    );
  }

  readonly lookUp: LookUp = fakeLookUp((verb, input) => this.#ask(verb, input), this.#customers);

  openShift({ localId = "shift-1", operator, businessDate = "2026-01-16", ...rest }: ShiftOpening): Shift {
    this.#ask("openShift", { localId, operator, businessDate, ...rest });
    if (this.#shift && this.#shift.localId !== localId) throw new SyncError("SHIFT_ALREADY_OPEN", "A shift is open.");
    const openedAt = "2026-01-16T08:00:00.000Z";
    this.#shift = { localId, operator, businessDate, openedAt, closedAt: null, openSeq: 1, closeSeq: null };
    return this.#shift;
  }

  recordCash(move: CashMove): Recorded {
    this.#ask("recordCash", move);
    return this.#once("transaction.recorded", move.localId, () => this.#record("transaction.recorded", move.localId));
  }

  closeShift(closing: ShiftClosing): ClosedShift {
    this.#ask("closeShift", closing);
    if (!this.#shift) throw new SyncError("SHIFT_NOT_OPEN", "No shift is open; open one first.");
    const closed = { ...this.#shift, closedAt: "2026-01-16T18:00:00.000Z", closeSeq: this.#seq };
    this.#shift = null;
    return { ...closed, report: shiftReport(closed.localId), duplicate: false };
  }

  shiftReport(): ShiftReport | null {
    this.#ask("shiftReport", undefined);
    return this.#shift && shiftReport(this.#shift.localId);
  }

  shifts(limit?: number): readonly ShiftSummary[] {
    this.#ask("shifts", limit);
    if (this.#shift === null) return [];
    const { openSeq: _openSeq, closeSeq: _closeSeq, ...shift } = this.#shift;
    const { changes, totals, openingFloatMinor, counted, overShort } = shiftReport(shift.localId);
    const settlement = { state: "open", at: null, exceptions: 0, differences: 0 } as const;
    return [{ ...shift, changes, totals, openingFloatMinor, counted, overShort, settlement }];
  }

  receiptGaps(businessDate: string): ReturnType<Terminal["receiptGaps"]> {
    this.#ask("receiptGaps", businessDate);
    return [];
  }

  order(localId: string): OrderView | undefined {
    this.#ask("order", localId);
    return this.#orders.get(localId);
  }

  openOrders(): readonly OrderView[] {
    return [...this.#orders.values()].filter((order) => order.state === "open");
  }

  settlementOf(): ReturnType<Terminal["settlementOf"]> {
    return { state: "open", at: null, exceptions: 0, differences: 0 };
  }

  shift(): Shift | null {
    return this.#shift;
  }

  status(): TerminalStatus {
    this.#ask("status", undefined);
    return this.#status;
  }

  explain(key: string): ReturnType<Terminal["explain"]> {
    this.#ask("explain", key);
    const order = [...this.#orders.values()].find((entry) => entry.localId === key || entry.receiptNumber === key);
    if (order === undefined) return undefined;
    const body = this.#bodies.get(order.localId);
    const place = { incarnation: STATUS.incarnation, seq: 1, hash: HASH, intact: true, durable: false };
    const change = { ...place, kind: "order.closed" as const, effect: null, code: null, message: null, body };
    return {
      localId: order.localId,
      receiptNumber: order.receiptNumber,
      where: "On this till; waiting to be sent.",
      changes: body === undefined ? [] : [change],
      steps: [{ at: "2026-01-16T10:11:12.345Z", what: "Recorded on T01." }],
    };
  }

  readonly items: Items = {
    find: (question) => {
      this.#ask("items.find", question);
      return [ITEM];
    },
    lineFor: (code, quantity = "1") => {
      this.#ask("items.lineFor", { code, quantity });
      return { item: ITEM.id, description: ITEM.name, quantity, unitPrice: "60.00", priceVersion: "prices@17" };
    },
  };

  modules(): ModulesStatus {
    this.#ask("modules", undefined);
    return MODULES;
  }

  async syncNow(): ReturnType<Terminal["syncNow"]> {
    this.#ask("syncNow", undefined);
    return { sent: 3, sentByKind: { "order.closed": 3 }, left: 0, leftByKind: {}, reason: null };
  }

  async snapshot(file: string): ReturnType<Terminal["snapshot"]> {
    this.#ask("snapshot", file);
    return { file, before: [], after: [] };
  }

  async recall(localId: string): Promise<OrderView | undefined> {
    return this.order(localId);
  }

  repairRows(rows: Parameters<Terminal["repairRows"]>[0]): void {
    this.#ask("repairRows", rows);
  }

  queue(filter: QueueFilter = {}): QueuePage {
    this.#ask("queue", filter);
    return { items: [QUEUE_ITEM], next: null };
  }

  history(page: HistoryPage = {}): History {
    this.#ask("history", page);
    return { attempts: [HISTORY_ENTRY], next: null };
  }

  subscribe(listener: (event: TerminalEvent) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      this.onUnsubscribe();
    };
  }

  transaction(): never {
    throw new Error("The door does not open transactions.");
  }

  async close(): Promise<void> {}

  /** Changes what `status()` says and tells the listeners. */
  setStatus(change: Partial<TerminalStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.emit({ type: "status", status: this.#status });
  }

  emit(event: TerminalEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  #ask(verb: string, input: unknown): void {
    this.asked.push({ verb, input });
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /** The contract of every verb that records: the same again is the same. */
  #once(kind: Kind, localId: string, make: () => Recorded): Recorded {
    const before = this.#seen.get(`${kind} ${localId}`);
    return before ? { ...before, duplicate: true } : make();
  }

  #record(kind: Kind, localId: string, extra: Partial<Recorded> = {}): Recorded {
    const seq = ++this.#seq;
    const changeId = `01890a5d-ac96-774b-bcce-${String(seq).padStart(12, "0")}`;
    const place = { localId, changeId, incarnation: STATUS.incarnation, seq, hash: HASH };
    const recorded = { ...place, kind, version: 1, ...extra, duplicate: false };
    this.#seen.set(`${kind} ${localId}`, recorded);
    this.emit({ type: "recorded", recorded });
    return recorded;
  }

  #close(draft: OrderDraft): Recorded {
    return this.#once("order.closed", draft.localId, () => {
      const { localId, occurredAt: _at, private: _private, tenders, ...rest } = draft;
      const lines = draft.lines.map(lineOf);
      const totalMinor = totalOf(lines);
      const receiptNumber = `T01-20260116-${String(this.#seq + 1).padStart(5, "0")}`;
      const payload = { documentType: "sale", currency: "KES", ...rest, lines, tenders, totalMinor, receiptNumber };
      this.#bodies.set(localId, { payload });
      this.#keep(localId, { state: "closed", lines, tenders, totalMinor, receiptNumber });
      return this.#record("order.closed", localId, { receiptNumber, totalMinor });
    });
  }

  #end(state: "voided" | "deleted", localId: string): Recorded {
    const kind = state === "voided" ? "order.voided" : "order.deleted";
    return this.#once(kind, localId, () => {
      if (this.#orders.get(localId)?.state !== "open") throw new SyncError("ORDER_NOT_OPEN", `${localId} is not open.`);
      this.#keep(localId, { state });
      return this.#record(kind, localId);
    });
  }

  #keep(localId: string, change: Partial<OrderView>): void {
    this.#orders.set(localId, { ...(this.#orders.get(localId) ?? emptyOrder(localId)), ...change });
  }
}

function lineOf(draft: OrderDraft["lines"][number], index: number): OrderLine {
  const amountMinor = draft.amountMinor ?? lineAmountMinor(draft.quantity, draft.unitPrice, "KES");
  return { ...draft, id: draft.id ?? String(index + 1), amountMinor };
}

function totalOf(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, line) => sum + line.amountMinor, 0);
}
