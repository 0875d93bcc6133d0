import { CHAIN_START } from "@tillsync/protocol";
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
    | "no document at the centre"
    | "other amount at the centre"
    | "other receipt number at the centre"
    | "other chain head at the centre"
    | "unexplained gap in receipt numbers"
    | "receipt number given twice";
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

/** The hashes that the change after `seq` may follow: what each side has there, as far as it can be believed. */
export interface Before {
  readonly seq: number;
  readonly till: string | undefined;
  readonly centre: string | undefined;
}

export const BEFORE_FIRST: Before = { seq: 0, till: CHAIN_START, centre: CHAIN_START };

export interface Sides {
  readonly incarnation: string;
  readonly till: readonly TillChange[];
  readonly centre: readonly LedgerRow[];
  /** What stands before the stretch: `after` of the one before it, or `BEFORE_FIRST`. */
  readonly before: Before;
}

export interface Compared {
  readonly differences: readonly Difference[];
  /** Rows that only the centre has; their receipt numbers are no gaps. */
  readonly onlyAtCentre: readonly LedgerRow[];
  readonly after: Before;
}

/**
 * Compares one stretch of a life on both sides, change by change, and adds each side up from its own rows. One thing that
 * went wrong is one difference: a change is not called damaged because the one before it is missing.
 *
 * @param sides both in seq order, covering the same range of seq
 */
export function compare(sides: Sides, tallies: { till: Tally; centre: Tally }): Compared {
  const till = new Map(sides.till.map((own) => [own.seq, own]));
  const centre = new Map(sides.centre.map((row) => [row.seq, row]));
  const differences: Difference[] = [];
  const onlyAtCentre: LedgerRow[] = [];
  let before = sides.before;
  for (const seq of [...new Set([...till.keys(), ...centre.keys()])].sort((a, b) => a - b)) {
    const [own, row] = [till.get(seq), centre.get(seq)];
    if (seq !== before.seq + 1) before = { seq: seq - 1, till: undefined, centre: undefined };
    const tell: Tell = (what, detail) => differences.push({ incarnation: sides.incarnation, seq, what, detail });
    if (own) addTill(tallies.till, own);
    if (row) addCentre(tallies.centre, row);
    if (own) before = compareOne(own, row, before, tell);
    else if (row) {
      tell("missing on the till", row.document?.receiptNumber ?? row.localId ?? row.hash);
      onlyAtCentre.push(row);
      before = { seq, till: undefined, centre: row.hash };
    }
  }
  return { differences, onlyAtCentre, after: before };
}

type Tell = (what: Difference["what"], detail: string) => void;

function compareOne(own: TillChange, row: LedgerRow | undefined, before: Before, tell: Tell): Before {
  const { seq } = own;
  const name = own.document?.receiptNumber ?? own.localId;
  const damaged = isDamaged(own, before);
  if (damaged) tell("damaged on the till", `${name}: its bytes do not give its hash`);
  if (row === undefined) {
    tell("missing at the centre", name);
    return { seq, till: own.hash, centre: undefined };
  }
  const sameHash = row.hash === own.hash;
  if (!sameHash && !damaged) {
    tell("other content at the centre", `${name}: ${own.hash.slice(0, 12)}… here, ${row.hash.slice(0, 12)}… there`);
  }
  const canJudge = before.centre !== undefined && (sameHash || damaged);
  if (!row.intact && canJudge) tell("damaged at the centre", `${name}: its stored bytes do not give its hash`);
  if (row.effect !== "applied") tell("not applied", `${name}: ${row.effect}${row.code ? `, ${row.code}` : ""}`);
  else if (!damaged) compareDocuments(own, row, tell);
  return { seq, till: own.hash, centre: sameHash || damaged ? row.hash : undefined };
}

/** Its bytes have to give its hash behind the hash before it, as the till has that one or as the centre does. */
function isDamaged(own: TillChange, { till, centre }: Before): boolean {
  const candidates = [till, centre].filter((hash) => hash !== undefined);
  return candidates.length > 0 && !candidates.some((hash) => own.fits(hash));
}

/** What the centre made of the change: the money of a document that is there, and the same as sold. */
function compareDocuments(own: TillChange, { document }: LedgerRow, tell: Tell): void {
  const { document: sold } = own;
  const name = sold?.receiptNumber ?? own.localId;
  if (document === null) {
    if (sold || own.kind === "inventory.updated") tell("no document at the centre", `${name}: applied, and not there`);
    return;
  }
  if (sold === null) return;
  if (document.totalMinor !== sold.totalMinor || document.currency !== sold.currency) {
    const there = `${document.totalMinor} ${document.currency}`;
    tell("other amount at the centre", `${name}: ${sold.totalMinor} ${sold.currency} here, ${there} there`);
  }
  if (document.receiptNumber !== sold.receiptNumber)
    tell("other receipt number at the centre", `${name} here, ${document.receiptNumber} there`);
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
