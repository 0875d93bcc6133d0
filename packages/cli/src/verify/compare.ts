import type { LedgerRow } from "@tillsync/server";
import type { TillChange } from "./journal-side.ts";

/** Something that is not the same on both sides, or that a person has to know. */
export interface Difference {
  readonly incarnation: string;
  readonly seq: number | null;
  readonly what:
    | "not sent yet"
    | "missing at the centre"
    | "missing on the till"
    | "other content at the centre"
    | "damaged on the till"
    | "damaged at the centre"
    | "not applied"
    | "other amount at the centre"
    | "unexplained gap in receipt numbers";
  readonly detail: string;
}

/** Count and sums of one side. Sums are in minor units by currency; only closed orders and transactions count money. */
export interface Tally {
  changes: number;
  readonly documents: Map<string, number>;
  readonly sums: Map<string, number>;
}

export function emptyTally(): Tally {
  return { changes: 0, documents: new Map(), sums: new Map() };
}

export interface Sides {
  readonly incarnation: string;
  readonly till: readonly TillChange[];
  readonly centre: readonly LedgerRow[];
}

/**
 * Compares one stretch of a life on both sides, change by change, and adds each side up from its own rows.
 *
 * @param sides both in seq order, covering the same range of seq
 */
export function compare(sides: Sides, tallies: { till: Tally; centre: Tally }): Difference[] {
  const stored = new Map(sides.centre.map((row) => [row.seq, row]));
  const differences: Difference[] = [];
  for (const own of sides.till) {
    addTill(tallies.till, own);
    const row = stored.get(own.seq);
    stored.delete(own.seq);
    differences.push(...compareOne(sides.incarnation, own, row));
  }
  for (const row of sides.centre) addCentre(tallies.centre, row);
  for (const row of stored.values()) {
    differences.push({
      incarnation: sides.incarnation,
      seq: row.seq,
      what: "missing on the till",
      detail: row.localId ?? row.hash,
    });
  }
  return differences;
}

function compareOne(incarnation: string, own: TillChange, row: LedgerRow | undefined): Difference[] {
  const at = (what: Difference["what"], detail: string): Difference => ({ incarnation, seq: own.seq, what, detail });
  const name = own.document?.receiptNumber ?? own.localId;
  const found: Difference[] = [];
  if (!own.intact) found.push(at("damaged on the till", `${name}: its bytes do not give its hash`));
  if (row === undefined) return [...found, at("missing at the centre", name)];
  if (row.hash !== own.hash)
    found.push(
      at("other content at the centre", `${name}: ${own.hash.slice(0, 12)}… here, ${row.hash.slice(0, 12)}… there`),
    );
  if (!row.intact) found.push(at("damaged at the centre", `${name}: its stored bytes do not give its hash`));
  if (row.effect !== "applied")
    found.push(at("not applied", `${name}: ${row.effect}${row.code ? `, ${row.code}` : ""}`));
  else if (own.document && row.document && row.document.totalMinor !== own.document.totalMinor) {
    found.push(
      at("other amount at the centre", `${name}: ${own.document.totalMinor} here, ${row.document.totalMinor} there`),
    );
  }
  return found;
}

function addTill(tally: Tally, { kind, document }: TillChange): void {
  tally.changes++;
  if (document) add(tally, kind, document.currency, document.totalMinor);
  else if (kind === "inventory.updated") count(tally, kind);
}

/** The centre's money is what its documents say, not what the till sent: that is what is being compared. */
function addCentre(tally: Tally, { kind, document }: LedgerRow): void {
  tally.changes++;
  if (kind === "inventory.updated" && document) count(tally, kind);
  if (kind !== "order.closed" && kind !== "transaction.recorded") return;
  if (document?.currency) add(tally, kind, document.currency, document.totalMinor ?? 0);
}

function add(tally: Tally, kind: string, currency: string, amountMinor: number): void {
  count(tally, kind);
  tally.sums.set(currency, (tally.sums.get(currency) ?? 0) + amountMinor);
}

const NAMES: Readonly<Record<string, string>> = {
  "order.closed": "orders",
  "transaction.recorded": "transactions",
  "inventory.updated": "stock movements",
};

function count(tally: Tally, kind: string): void {
  const name = NAMES[kind] ?? kind;
  tally.documents.set(name, (tally.documents.get(name) ?? 0) + 1);
}

/** Receipt numbers of a day that nobody can account for: sequences run from 1 without gaps, since a number is issued in its sale's own transaction. */
export function receiptGaps(
  incarnation: string,
  receipts: Iterable<{ businessDate: string; sequence: number }>,
): Difference[] {
  const gaps: Difference[] = [];
  let day = "";
  let expected = 1;
  for (const { businessDate, sequence } of receipts) {
    if (businessDate !== day) {
      day = businessDate;
      expected = 1;
    }
    if (sequence !== expected) {
      const detail = `${businessDate}: ${expected === sequence - 1 ? expected : `${expected} to ${sequence - 1}`} missing`;
      gaps.push({ incarnation, seq: null, what: "unexplained gap in receipt numbers", detail });
    }
    expected = sequence + 1;
  }
  return gaps;
}
