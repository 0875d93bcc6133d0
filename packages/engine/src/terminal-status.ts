import type { Breaker, Connectivity } from "@tillsync/lanes";
import type { ModulesSummary } from "./modules/status.ts";
import type { QueueCount } from "./queue-item.ts";
import type { Retired } from "./retirement/retirement.ts";
import type { Shift } from "./shift-verbs.ts";
import type { StorageStatus } from "./storage-status.ts";

export interface LaneStatus {
  readonly name: "central" | "backup";
  /** `settled`: nothing waits; the other words as in the glossary. */
  readonly state: "pending" | "sending" | "retrying" | "parked" | "settled";
  readonly pending: number;
  readonly failures: number;
  /** True when it has failed often enough that a person should know; it goes on all the same. */
  readonly badge: boolean;
  readonly lastAttemptAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly lastError: { readonly code: string; readonly message: string } | null;
  /** Set when the lane stopped until a person or a later version acts; nothing is deleted. */
  readonly halted: { readonly code: string; readonly message: string } | null;
  /** `open`: only its slow period, a probe that is answered, a shift or Sync now begins an attempt. */
  readonly breaker: Breaker;
  /** How often the watchdog had to set this terminal going again, since the process started. */
  readonly stalls: number;
}

/** How the way to a target is, as far as exchanges and probes have shown. */
export interface ConnectivityStatus {
  readonly target: "central";
  readonly state: Connectivity;
  /** Since when; null while it is unknown. */
  readonly since: string | null;
  /** When anything last answered there. */
  readonly lastAnswerAt: string | null;
}

/** Due work stood still, and the watchdog set it going again. */
export interface Stall {
  readonly code: "STALLED";
  readonly what: "central" | "probe" | "modules" | "retirement";
  readonly message: string;
  readonly at: string;
}

export interface TerminalStatus {
  readonly terminal: string;
  readonly shortId: string;
  readonly store: string;
  /** Of amounts that come without one. */
  readonly currency: string;
  /** Of the store, IANA name: what people read as its times. */
  readonly timeZone: string;
  readonly incarnation: string;
  readonly incarnationOrdinal: number;
  /** Of a life that followed another: the database was copied, put back, lost or moved to another machine. Null in the first. */
  readonly reborn: { readonly reason: string; readonly businessDate: string | null } | null;
  /** 004's words for the state; its counts of orders are of closed orders. */
  readonly syncState: "Idle" | "Syncing" | "Success" | "Error";
  readonly light: "green" | "yellow" | "red";
  /** One sentence for the tooltip. */
  readonly text: string;
  readonly headSeq: number;
  readonly durableThrough: number;
  readonly pending: number;
  /** Changes the centre holds but could not apply. */
  readonly exceptions: number;
  readonly pendingOrders: number;
  readonly syncedOrders: number;
  /** At head office, which could not apply them: parked, or lost to another version (004 FAILED). */
  readonly failedOrders: number;
  /** The same for transactions, and for stock movements. */
  readonly pendingTransactions: number;
  readonly syncedTransactions: number;
  readonly failedTransactions: number;
  readonly pendingInventory: number;
  readonly syncedInventory: number;
  readonly failedInventory: number;
  /** Milliseconds since 1970 of the last answer of the centre; null before the first. */
  readonly lastSyncTimestamp: number | null;
  /** What waits and what needs a person, by requirement 002's types; types with nothing to count are there with 0. */
  readonly queue: readonly QueueCount[];
  readonly shift: Shift | null;
  readonly lanes: readonly LaneStatus[];
  readonly connectivity: readonly ConnectivityStatus[];
  /** Reference data, all modules together. */
  readonly modules: ModulesSummary;
  /** The till's own disk: room, speed and errors. */
  readonly storage: StorageStatus;
  /** Old changes whose bytes head office keeps alone now. */
  readonly retired: Retired;
  /** Set when the database failed and selling stopped; the reason in one sentence. */
  readonly stopped: { readonly code: string; readonly message: string } | null;
}
