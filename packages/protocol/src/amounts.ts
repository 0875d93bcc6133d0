/** Money of one currency that came or went by one tender, minor units. */
export interface Amount {
  readonly currency: string;
  readonly tender: string;
  readonly amountMinor: number;
}

/** Kinds of money that a list of a shift's manifest holds; `shiftClosed` allows no more. */
export const MAX_AMOUNTS = 1000;

/** The tender under which stands what a manifest has no room to name. */
export const OTHER_TENDERS = "other";

/**
 * Sums by currency and tender. Nothing that was sold may keep a shift from closing, so two rules bound what comes out: a
 * sum that leaves what can be counted exactly stays at that limit, and of more than `MAX_AMOUNTS` kinds the last ones of
 * each currency stand together under `OTHER_TENDERS`.
 */
export class AmountSums {
  readonly #sums = new Map<string, Amount>();

  add({ currency, tender, amountMinor }: Amount): void {
    const key = `${currency}\n${tender}`;
    const before = this.#sums.get(key)?.amountMinor ?? 0;
    this.#sums.set(key, { currency, tender, amountMinor: plusMinor(before, amountMinor) });
  }

  of(currency: string, tender: string): number {
    return this.#sums.get(`${currency}\n${tender}`)?.amountMinor ?? 0;
  }

  /** Sorted by currency, then tender. */
  list(): Amount[] {
    const sorted = this.#sorted();
    if (sorted.length <= MAX_AMOUNTS) return sorted;
    const currencies = new Set(sorted.map(({ currency }) => currency)).size;
    const bounded = new AmountSums();
    for (const [index, amount] of sorted.entries())
      bounded.add(index < MAX_AMOUNTS - currencies ? amount : { ...amount, tender: OTHER_TENDERS });
    return bounded.#sorted().slice(0, MAX_AMOUNTS);
  }

  #sorted(): Amount[] {
    return [...this.#sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, amount]) => amount);
  }
}

/** A sum that left what can be counted exactly stays where it left it. */
export function plusMinor(sum: number, amountMinor: number): number {
  if (Math.abs(sum) === Number.MAX_SAFE_INTEGER) return sum;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(sum + amountMinor, Number.MAX_SAFE_INTEGER));
}
