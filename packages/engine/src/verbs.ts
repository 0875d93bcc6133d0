import type { Connectivity } from "@tillsync/lanes";
import type { Effect, Kind, LineEvent, Missing, OrderHeader, OrderLine, Tender } from "@tillsync/protocol";
import type { Attempt } from "./attempt.ts";
import type { History, HistoryPage } from "./history.ts";
import type { Sql } from "./ports.ts";
import type {
  CashMove,
  ClosedShift,
  ReceiptSeries,
  Shift,
  ShiftClosing,
  ShiftOpening,
  ShiftReport,
  ShiftSummary,
} from "./shift-verbs.ts";

export type * from "./shift-verbs.ts";
export type * from "./terminal-status.ts";

import type { KindCounts } from "./kind-tally.ts";
import type { Items } from "./modules/items.ts";
import type { ModulesStatus } from "./modules/status.ts";
import type { QueueFilter, QueuePage } from "./queue.ts";
import type { CustomerDraft } from "./records/customers.ts";
import type { CustomerView, LookUp } from "./records/look-up.ts";
import type { ShiftSettlement } from "./settlement.ts";
import type { Snapshot } from "./snapshot.ts";
import type { ConnectivityStatus, Stall, TerminalStatus } from "./terminal-status.ts";

/** A line as a POS hands it in. `amountMinor` may be left out: it is then quantity times unit price, half-up. */
export interface LineDraft extends Omit<OrderLine, "id" | "amountMinor"> {
  readonly id?: string | undefined;
  readonly amountMinor?: number | undefined;
}

/** A sale, return or void to be closed now. `localId` is the caller's: the same one again is the same order. */
export interface OrderDraft {
  readonly localId: string;
  readonly documentType?: "sale" | "return" | "void" | undefined;
  readonly currency?: string | undefined;
  readonly lines: readonly LineDraft[];
  readonly tenders: readonly Tender[];
  readonly taxes?:
    | readonly { code: string; rate: string; baseMinor: number; taxMinor: number; included: boolean }[]
    | undefined;
  readonly operator?: string | undefined;
  readonly customerId?: string | undefined;
  readonly loyaltyPoints?: number | undefined;
  readonly orderNumber?: string | undefined;
  readonly reference?: string | undefined;
  readonly original?: { localId?: string | undefined; receiptNumber?: string | undefined } | undefined;
  /** Why a document takes another back. */
  readonly reason?: string | undefined;
  readonly source?: { system: string; madeUp?: string[] | undefined } | undefined;
  /** When it happened, for imports; now when absent. */
  readonly occurredAt?: string | undefined;
  /** Names, phones and other personal data: kept apart from the order's bytes, erasable. */
  readonly private?: Readonly<Record<string, string>> | undefined;
}

/** An edit of an open order: lines to add, and events about lines that are there. The first edit opens it. */
export interface OrderEdit {
  readonly localId: string;
  /** Makes the edit repeatable: the same id again on the same order writes nothing. */
  readonly editId?: string | undefined;
  readonly currency?: string | undefined;
  readonly add?: readonly LineDraft[] | undefined;
  readonly void?: readonly { line: string; reason?: string | undefined }[] | undefined;
  readonly notes?: readonly { line?: string | undefined; text: string }[] | undefined;
  readonly served?: readonly string[] | undefined;
  /** Null takes one of the next four away; what is as it was is not written again. */
  readonly label?: string | null | undefined;
  readonly operator?: string | null | undefined;
  readonly customerId?: string | null | undefined;
  readonly covers?: number | null | undefined;
  readonly occurredAt?: string | undefined;
}

/** Payment of an open order: what `OrderDraft` has besides lines. */
export type Payment = Omit<OrderDraft, "lines" | "currency">;

export interface TransactionDraft {
  readonly localId: string;
  readonly type: string;
  readonly currency?: string | undefined;
  readonly amountMinor: number;
  readonly item?: string | undefined;
  readonly quantity?: string | undefined;
  readonly unitPrice?: string | undefined;
  readonly stockDelta?: string | undefined;
  readonly tender?: string | undefined;
  readonly operator?: string | undefined;
  readonly orderLocalId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly reference?: string | undefined;
  readonly reason?: string | undefined;
  readonly occurredAt?: string | undefined;
  readonly private?: Readonly<Record<string, string>> | undefined;
}

export interface InventoryDraft {
  readonly localId: string;
  readonly item: string;
  readonly delta: string;
  readonly type: string;
  readonly previousStock?: string | undefined;
  readonly newStock?: string | undefined;
  readonly operator?: string | undefined;
  readonly reference?: string | undefined;
  readonly reason?: string | undefined;
  readonly occurredAt?: string | undefined;
}

/** A change that the centre could not apply, by its place. */
export interface ParkedChange {
  readonly incarnation: string;
  readonly seq: number;
}

/** What `record` answers: the sale is durable and the receipt may print. */
export interface Recorded {
  readonly localId: string;
  readonly changeId: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly hash: string;
  readonly kind: Kind;
  readonly version: number;
  readonly receiptNumber?: string;
  readonly totalMinor?: number;
  /** True when this localId was recorded before with the same content: nothing was written. */
  readonly duplicate: boolean;
}

/** Where an order is on its way: 004's words for the lane state, with the effect the centre reported, if any. */
export interface OrderView {
  readonly localId: string;
  readonly state: "open" | "closed" | "voided" | "deleted";
  readonly version: number;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly tenders: readonly Tender[];
  readonly receiptNumber: string | null;
  readonly businessDate: string;
  readonly shiftId: string | null;
  readonly events: readonly LineEvent[];
  /** Each field as it was last written, by whichever terminal. */
  readonly header: OrderHeader;
  /** Another terminal whose change made it what it is; absent for this till's own. */
  readonly terminal?: string;
  /** Other receipts that were printed for it, by tills that did not hear of each other: each took money. */
  readonly alsoPaid?: readonly {
    readonly receiptNumber: string;
    readonly totalMinor: number;
    /** Null for this till's own. */
    readonly terminal: string | null;
  }[];
  readonly orderSyncStatus: "PENDING" | "SYNCED" | "FAILED";
  readonly effect: Effect | null;
}

/** What a flush did: how many changes went, how many are left, and why. */
export interface Flushed {
  readonly sent: number;
  readonly left: number;
  readonly reason: { readonly code: string; readonly message: string } | null;
}

/** What `syncNow` did, with the kinds of what went and of what is left. */
export interface SyncResult extends Flushed {
  readonly sentByKind: KindCounts;
  readonly leftByKind: KindCounts;
}

/** One step in the life of a receipt, oldest first. */
export interface ExplainStep {
  readonly at: string | null;
  readonly what: string;
}

export interface Explanation {
  readonly localId: string;
  readonly receiptNumber: string | null;
  /** Where it is now, in one sentence. */
  readonly where: string;
  readonly changes: readonly {
    readonly incarnation: string;
    readonly seq: number;
    readonly kind: Kind;
    /** Null for another terminal's: it is for that one and head office to check. */
    readonly hash: string | null;
    /** Whose it is, when it is another terminal's. */
    readonly terminal?: string;
    readonly intact: boolean;
    /** Its bytes were given up here, because they are old and head office has them in a backup. */
    readonly retired?: true;
    readonly durable: boolean;
    readonly effect: Effect | null;
    readonly code: string | null;
    readonly message: string | null;
    readonly body: unknown;
  }[];
  readonly steps: readonly ExplainStep[];
}

/** The verbs inside one transaction of the POS: its own rows through `sql`, and ours, commit together or not at all. */
export interface TerminalTransaction {
  readonly sql: Sql;
  closeOrder(draft: OrderDraft): Recorded;
  editOrder(edit: OrderEdit): Recorded;
  payOrder(payment: Payment): Recorded;
  voidOrder(end: {
    localId: string;
    reason: string;
    operator?: string | undefined;
    occurredAt?: string | undefined;
  }): Recorded;
  deleteOrder(end: {
    localId: string;
    reason: string;
    operator?: string | undefined;
    occurredAt?: string | undefined;
  }): Recorded;
  recordTransaction(draft: TransactionDraft): Recorded;
  recordInventory(draft: InventoryDraft): Recorded;
  /** Makes, edits or deletes a customer; seen here at once, merged with the edits of others at head office. */
  editCustomer(draft: CustomerDraft): Recorded;
  /** A customer as this till has it: head office's, with its own edits over it until those are merged. */
  customer(id: string): CustomerView | undefined;
  /** Cash put into the drawer or taken out of it beside sales: a transaction of type `PaidIn`, `PaidOut`, `Loan` or `Pickup`. */
  recordCash(move: CashMove): Recorded;
  /** Local and immediate. The shift that is open, opened again alike under its `localId`, is answered as it is. */
  openShift(opening: ShiftOpening): Shift;
  /** Local and immediate, with what the shift holds. Open orders stay open and go on in the next shift. */
  closeShift(closing: ShiftClosing): ClosedShift;
  /** Has head office try a parked change again. @throws SyncError NOT_PARKED */
  retryParked(parked: ParkedChange & { operator?: string | undefined }): Recorded;
  /** Gives a parked change up; it stays stored. @throws SyncError NOT_PARKED, INVALID_INPUT */
  discardParked(parked: ParkedChange & { operator: string; reason: string }): Recorded;
}

/** Rows of this terminal that a comparison found wrong, on either side. */
export interface RowsToRepair {
  /** Those that this till has lost or altered. */
  readonly lacks: readonly Missing[];
  /** Those that the centre has lost or altered. */
  readonly sends: readonly Missing[];
}

export type TerminalEvent =
  | { readonly type: "recorded"; readonly recorded: Recorded }
  | { readonly type: "status"; readonly status: TerminalStatus }
  | { readonly type: "connectivity"; readonly from: Connectivity; readonly connectivity: ConnectivityStatus }
  | { readonly type: "attempt"; readonly attempt: Attempt }
  | { readonly type: "stalled"; readonly stall: Stall };

/**
 * A terminal: the till's engine with its own database. Every verb that records is synchronous: when it returns, the sale
 * survives a power cut; when it throws, nothing was recorded, but for COMMIT_UNKNOWN (ask again by localId after a restart).
 */
export interface Terminal extends Omit<TerminalTransaction, "sql" | "customer"> {
  /** One durable transaction; the POS's own rows may go into it. `fn` is synchronous: one that gives a promise is refused. */
  transaction<T>(fn: (tx: TerminalTransaction) => T): T;
  order(localId: string): OrderView | undefined;
  openOrders(): readonly OrderView[];
  shift(): Shift | null;
  /** The X report: what the open shift holds so far. It changes nothing; null when no shift is open. */
  shiftReport(): ShiftReport | null;
  /** Shifts of this till, newest first; 20 when no limit is given, 1,000 at most. */
  shifts(limit?: number): readonly ShiftSummary[];
  /** The receipt numbers of a business date, life by life: each one without a document, and why. */
  receiptGaps(businessDate: string): readonly ReceiptSeries[];
  /** How far a closed shift is compared with the centre; `open` for one that is open, or that this till does not know. */
  settlementOf(shiftLocalId: string): ShiftSettlement;
  status(): TerminalStatus;
  /** What waits, is on its way, needs a person or was lately done, in the order in which it goes. */
  queue(filter?: QueueFilter): QueuePage;
  /** The attempts to reach the centre, newest first. */
  history(page?: HistoryPage): History;
  /** By receipt number or localId. */
  explain(key: string): Explanation | undefined;
  /** Items, their prices and taxes, in the copy of reference data that is read now. */
  readonly items: Items;
  /** Everything else that was pulled: customers with this till's own edits over them, offers, users, settings. */
  readonly lookUp: LookUp;
  /** Reference data: what this till has of each module, and how the next copy comes along. */
  modules(): ModulesStatus;
  /**
   * Copies the whole database into a file that does not exist yet, while selling goes on. The copy is not encrypted: it is
   * the caller's to check, encrypt and take away.
   */
  snapshot(file: string): Promise<Snapshot>;
  /** Sends everything up to here, now, and waits until it is done or cannot go on. */
  syncNow(): Promise<SyncResult>;
  /**
   * Has the next exchanges bring back rows that were found wrong, either way; returns at once. What comes is taken only
   * where it fits the chain.
   */
  repairRows(rows: RowsToRepair): void;
  /**
   * An order as `order` has it, with what this till gave up of it fetched back from the centre.
   *
   * @throws SyncError BODY_RETIRED when the centre cannot be reached
   */
  recall(localId: string): Promise<OrderView | undefined>;
  /**
   * Called with every recorded change and every change of status; the returned function stops it. What a listener throws
   * is dropped: it comes after the commit, and neither undoes the sale nor keeps it from the other listeners.
   */
  subscribe(listener: (event: TerminalEvent) => void): () => void;
  /** Finishes the exchange under way or gives it up within `graceMs` (5,000), flushes the witness and frees the lock. */
  close(graceMs?: number): Promise<void>;
}
