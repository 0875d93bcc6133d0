import type { DigestTotal } from "@tillsync/server";
import type { TillChange } from "./journal-side.ts";

/** Count and sums of one side. Sums are in minor units by currency; only closed orders and transactions count money. */
export interface Tally {
  changes: number;
  /** Of those, changes that the till keeps only the place of. */
  retired: number;
  readonly documents: Map<string, number>;
  readonly sums: Map<string, number>;
}

export function emptyTally(): Tally {
  return { changes: 0, retired: 0, documents: new Map(), sums: new Map() };
}

/** Adds a change of the till, from its own bytes. */
export function addTill(tally: Tally, { kind, document, isRetired }: TillChange): void {
  tally.changes++;
  if (isRetired) tally.retired++;
  if (document) add(tally, { kind, count: 1, ...document });
  else if (kind === "inventory.updated") add(tally, { kind, count: 1, currency: null, totalMinor: 0 });
}

/** The centre's money is what its documents say, not what the till sent: that is what is being compared. */
export function addCentre(tally: Tally, rows: number, totals: readonly DigestTotal[]): void {
  tally.changes += rows;
  for (const total of totals) add(tally, total);
}

const NAMES: Readonly<Record<string, string>> = {
  "order.closed": "orders",
  "transaction.recorded": "transactions",
  "inventory.updated": "stock movements",
};

function add(tally: Tally, { kind, count, currency, totalMinor }: DigestTotal): void {
  const name = NAMES[kind] ?? kind;
  tally.documents.set(name, (tally.documents.get(name) ?? 0) + count);
  if (currency !== null) tally.sums.set(currency, (tally.sums.get(currency) ?? 0) + totalMinor);
}
