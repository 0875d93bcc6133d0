import type { Kind } from "@tillsync/protocol";
import type { Journal, Life } from "./journal.ts";

/** How many changes of each kind; kinds that there are none of may be missing. */
export type KindCounts = Readonly<Partial<Record<Kind, number>>>;

/** Kinds of which people are told how many there are and how many the centre has (004's and 001's statistics). */
export const COUNTED = {
  orders: "order.closed",
  transactions: "transaction.recorded",
  inventory: "inventory.updated",
} as const satisfies Record<string, Kind>;

type Counted = keyof typeof COUNTED;

/** Closed orders, transactions or stock movements of all time, and those of them that the centre lacks. */
export interface Tallied {
  readonly total: number;
  readonly pending: number;
}

/**
 * Counts of what a till recorded and what of it the centre lacks. Counted once at open and kept in memory, because
 * counting history costs; what moves is a batch, and only that is read.
 */
export class KindTally {
  readonly #journal: Journal;
  readonly #pending = new Map<string, number>();
  readonly #durable = new Map<string, number>();
  #totals: Readonly<Record<Counted, number>>;

  constructor(journal: Journal, lives: readonly Life[]) {
    this.#journal = journal;
    this.#totals = journal.totals();
    for (const { ordinal, durableThrough, headSeq } of lives)
      this.#move(this.#pending, ordinal, durableThrough, headSeq);
  }

  /** Changes were recorded and committed. */
  recorded(kinds: readonly Kind[]): void {
    for (const kind of kinds) {
      add(this.#pending, kind, 1);
      for (const name of NAMES) {
        if (COUNTED[name] === kind) this.#totals = { ...this.#totals, [name]: this.#totals[name] + 1 };
      }
    }
  }

  /** Marks were moved, forward as a rule. */
  marked(before: readonly Life[], after: readonly Life[]): void {
    for (const { ordinal, durableThrough } of after) {
      const was = before.find((life) => life.ordinal === ordinal)?.durableThrough ?? 0;
      const [from, to] = durableThrough > was ? [was, durableThrough] : [durableThrough, was];
      if (from === to) continue;
      const sign = durableThrough > was ? 1 : -1;
      this.#move(this.#pending, ordinal, from, to, -sign);
      this.#move(this.#durable, ordinal, from, to, sign);
    }
  }

  of(name: Counted): Tallied {
    return { total: this.#totals[name], pending: this.#pending.get(COUNTED[name]) ?? 0 };
  }

  /** What the centre lacks. */
  pending(): KindCounts {
    return countsOf(this.#pending);
  }

  /** What became durable at the centre since this terminal was started. */
  durable(): KindCounts {
    return countsOf(this.#durable);
  }

  #move(counts: Map<string, number>, ordinal: number, afterSeq: number, toSeq: number, sign = 1): void {
    if (afterSeq >= toSeq) return;
    for (const { kind, count } of this.#journal.kinds(ordinal, afterSeq, toSeq)) add(counts, kind, sign * count);
  }
}

const NAMES = Object.keys(COUNTED) as Counted[];

function add(counts: Map<string, number>, kind: string, count: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + count);
}

function countsOf(counts: ReadonlyMap<string, number>): KindCounts {
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}

/** What came to one set of counts since another was taken. */
export function difference(after: KindCounts, before: KindCounts): KindCounts {
  const left = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind as Kind] ?? 0)] as const);
  return Object.fromEntries(left.filter(([, count]) => count > 0));
}
