import type { Effect, Kind } from "@tillsync/protocol";
import { COUNTED, type KindTally } from "./kind-tally.ts";
import type { LocalStore } from "./ports.ts";
import type { TerminalStatus } from "./verbs.ts";

/** Changes that the centre has and did not apply, by what it made of them and their kind. */
export interface ExceptionCount {
  readonly effect: Effect;
  readonly kind: Kind;
  readonly count: number;
}

/**
 * Those that somebody may still have to do something about: what a person gave up is done with. CROSS JOIN keeps SQLite
 * from walking the journal and looking each row up among the few exceptions.
 */
export function exceptionCounts(store: LocalStore): ExceptionCount[] {
  return store.read.all<ExceptionCount>(
    `SELECT e.effect, j.kind, count(*) AS count FROM exception e CROSS JOIN journal j ON j.position = e.position
     WHERE e.code IS NOT 'DISCARDED' GROUP BY e.effect, j.kind`,
  );
}

/** Of what is not applied yet, `pending` and `waiting` go on by themselves; the rest needs a person. */
export function isFailed({ effect }: { readonly effect: Effect }): boolean {
  return effect === "parked" || effect === "conflict";
}

export function countOf(exceptions: readonly ExceptionCount[]): number {
  return exceptions.reduce((sum, { count }) => sum + count, 0);
}

type Statistics = Pick<TerminalStatus, `${"pending" | "synced" | "failed"}${"Orders" | "Transactions" | "Inventory"}`>;

interface Counted {
  readonly tally: Pick<KindTally, "of">;
  readonly exceptions: readonly ExceptionCount[];
}

/** 004's statistics of orders, and the same of transactions and stock movements. */
export function statistics(counted: Counted): Statistics {
  const orders = statisticsOf(counted, "orders");
  const transactions = statisticsOf(counted, "transactions");
  const inventory = statisticsOf(counted, "inventory");
  return {
    pendingOrders: orders.pending,
    syncedOrders: orders.synced,
    failedOrders: orders.failed,
    pendingTransactions: transactions.pending,
    syncedTransactions: transactions.synced,
    failedTransactions: transactions.failed,
    pendingInventory: inventory.pending,
    syncedInventory: inventory.synced,
    failedInventory: inventory.failed,
  };
}

/** What is synced and what failed is at the centre, both. */
function statisticsOf({ tally, exceptions }: Counted, sort: keyof typeof COUNTED) {
  const { total, pending } = tally.of(sort);
  const failed = countOf(exceptions.filter((entry) => entry.kind === COUNTED[sort] && isFailed(entry)));
  return { pending, failed, synced: total - pending - failed };
}
