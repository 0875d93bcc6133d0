import { type Amount, AmountSums, OTHER_TENDERS } from "./amounts.ts";
import { NO_TENDER } from "./cash.ts";

/** What a stretch of a life holds, added up from the bytes of its changes. Till and centre add up with the same code. */
export interface Stretch {
  readonly openSeq: number;
  readonly closeSeq: number;
  /** Hash of the change at `closeSeq`. */
  readonly chainHead: string;
  readonly counts: Readonly<Record<string, number>>;
  /** Sorted by currency, then tender. */
  readonly totals: readonly Amount[];
}

/** What the sums have of a change that cannot be read. */
const UNREADABLE = "unreadable";
/** A kind or a tender as our schemas have them: what else bytes may hold travels in no answer and lies in no database. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,32}$/u;
const CURRENCY = /^[A-Z]{3}$/;

/**
 * Counts by kind and money by currency and tender: the fold that a manifest and its judgement are made with. Whatever bytes
 * it gets, both sides make the same of the same: a sale that the centre could not apply counts as it was sold.
 */
export class StretchSums {
  readonly #counts = new Map<string, number>();
  readonly #totals = new AmountSums();
  #changes = 0;

  /** The bytes of a change, as they were hashed. Its kind is the one that they name. @returns what was read in them */
  add(body: string): ReadChange {
    const change = read(body);
    const { kind, payload } = change;
    this.addUnread(kind);
    for (const amount of amountsOf(kind, payload)) this.#totals.add(amount);
    return change;
  }

  /** A change whose bytes cannot be believed: it counts, and has no money. */
  addUnread(kind: unknown): void {
    const name = isName(kind) ? kind : UNREADABLE;
    this.#changes++;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get changes(): number {
    return this.#changes;
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  totals(): Amount[] {
    return this.#totals.list();
  }
}

/** What bytes say of a change: anything, or nothing. */
export interface ReadChange {
  readonly kind?: unknown;
  readonly payload?: unknown;
}

function read(body: string): ReadChange {
  try {
    return (JSON.parse(body) as ReadChange | null) ?? {};
  } catch {
    return {}; // bytes that say nothing have no money in them either
  }
}

function amountsOf(kind: unknown, payload: unknown): Amount[] {
  const { currency, tenders, tender = NO_TENDER, amountMinor } = (payload ?? {}) as Record<string, unknown>;
  const given =
    kind === "order.closed" && Array.isArray(tenders)
      ? (tenders as readonly (Record<string, unknown> | null)[]).map((paid) => [paid?.type, paid?.amountMinor])
      : kind === "transaction.recorded"
        ? [[tender, amountMinor]]
        : [];
  if (typeof currency !== "string" || !CURRENCY.test(currency)) return [];
  return given.flatMap(([type, minor]) =>
    Number.isSafeInteger(minor)
      ? [{ currency, tender: isName(type) ? type : OTHER_TENDERS, amountMinor: minor as number }]
      : [],
  );
}

function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** Whether two stretches hold the same: the same changes by kind, and the same money to the cent. */
export function sameContent(
  one: Pick<Stretch, "counts" | "totals">,
  other: Pick<Stretch, "counts" | "totals">,
): boolean {
  return textOf(one) === textOf(other);
}

function textOf({ counts, totals }: Pick<Stretch, "counts" | "totals">): string {
  const money = totals.map(({ currency, tender, amountMinor }) => `${currency}\n${tender}\n${amountMinor}`);
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind}\n${count}`);
  return JSON.stringify([kinds.sort(), money.sort()]);
}
