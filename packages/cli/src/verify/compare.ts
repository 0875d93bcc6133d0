import { CHAIN_START, type PrivatePart } from "@tillsync/protocol";
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
    | "missing on both sides"
    | "other content at the centre"
    | "damaged on the till"
    | "damaged at the centre"
    | "other private part on the till"
    | "other private part at the centre"
    | "not applied"
    | "no document at the centre"
    | "other amount at the centre"
    | "other receipt number at the centre"
    | "other digest at the centre"
    | "other chain head at the centre"
    | "unexplained gap in receipt numbers"
    | "receipt number given twice";
  readonly detail: string;
}

/** The hash that the change after `seq` follows, as far as it is known, and whether the centre has the same there. */
export interface Before {
  readonly seq: number;
  readonly hash: string | undefined;
  readonly isStored: boolean;
}

export const BEFORE_FIRST: Before = { seq: 0, hash: CHAIN_START, isStored: true };

export interface Sides {
  readonly incarnation: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly till: readonly TillChange[];
  readonly centre: readonly LedgerRow[];
  /** What stands before the stretch: `after` of the one before it, or what both sides agree on. */
  readonly before: Before;
  /** A row of the centre once more, judged behind this hash: the one that is stored before it there is wrong, or gone. */
  readonly again: (seq: number, prevHash: string) => Promise<LedgerRow | undefined>;
}

export interface Compared {
  readonly differences: readonly Difference[];
  /** Rows that only the centre has; their receipt numbers are no gaps. */
  readonly onlyAtCentre: readonly LedgerRow[];
  readonly after: Before;
}

type Tell = (what: Difference["what"], detail: string) => void;
type Again = Sides["again"];

/**
 * Compares one stretch of a life on both sides, change by change. One thing that went wrong is one difference: a change is
 * not called damaged because the one before it is missing.
 */
export async function compare(sides: Sides): Promise<Compared> {
  const till = new Map(sides.till.map((own) => [own.seq, own]));
  const centre = new Map(sides.centre.map((row) => [row.seq, row]));
  const differences: Difference[] = [];
  const onlyAtCentre: LedgerRow[] = [];
  let before = sides.before;
  for (let seq = sides.fromSeq; seq <= sides.toSeq; seq++) {
    const [own, row] = [till.get(seq), centre.get(seq)];
    const tell: Tell = (what, detail) => differences.push({ incarnation: sides.incarnation, seq, what, detail });
    if (own && row) before = await compareBoth(own, row, { before, tell, again: sides.again });
    else if (own) before = onlyTill(own, before, tell);
    else if (row) {
      onlyAtCentre.push(row);
      before = await onlyCentre(row, { before, tell, again: sides.again });
    } else {
      tell("missing on both sides", "nobody has it");
      before = { seq, hash: undefined, isStored: false };
    }
  }
  return { differences, onlyAtCentre, after: before };
}

interface Judging {
  readonly before: Before;
  readonly tell: Tell;
  readonly again: Again;
}

async function compareBoth(own: TillChange, row: LedgerRow, { before, tell, again }: Judging): Promise<Before> {
  const { seq } = own;
  const name = own.document?.receiptNumber ?? own.localId;
  const isSameHash = own.hash === row.hash;
  const after = (hash: string | undefined): Before => ({ seq, hash, isStored: hash === row.hash });
  const isRight = await whoIsRight(own, row, { before, again });
  if (isRight.till === false) tell("damaged on the till", `${name}: its bytes do not give its hash`);
  if (isRight.centre === false) tell("damaged at the centre", `${name}: its stored bytes do not give its hash`);
  if (isRight.till !== false && isRight.centre !== false && !(isSameHash && isRight.isSame)) {
    tell("other content at the centre", `${name}: ${own.hash.slice(0, 12)}… here, ${row.hash.slice(0, 12)}… there`);
  }
  if (isRight.till !== false) comparePrivate(own, row, isRight.centre !== false, tell);
  if (row.effect !== "applied") tell("not applied", `${name}: ${row.effect}${row.code ? `, ${row.code}` : ""}`);
  else if (isRight.till !== false) compareDocuments(own, row, tell);
  if (isSameHash) return after(own.hash);
  if (isRight.till === false) return after(isRight.centre === true ? row.hash : undefined);
  return after(isRight.centre === false ? own.hash : undefined);
}

interface Right {
  /** Whether each side's bytes give its hash; undefined when that cannot be told. */
  readonly till: boolean | undefined;
  readonly centre: boolean | undefined;
  /** Both sides have the same bytes. */
  readonly isSame: boolean;
}

async function whoIsRight(own: TillChange, row: LedgerRow, { before, again }: Omit<Judging, "tell">): Promise<Right> {
  // Bytes that were retired are compared by the hash that stayed, and the centre's by their own.
  const isSame = own.isRetired ? own.hash === row.hash : own.bytes() === row.bytes;
  const { hash } = before;
  if (hash === undefined) return { till: undefined, centre: undefined, isSame };
  const computed = own.hashBehind(hash);
  const till = computed === own.hash;
  if (isSame && !own.isRetired) return { till, centre: computed === row.hash, isSame };
  return { till, centre: await fitsAtCentre(row, hash, { before, again }), isSame };
}

/** The centre has judged the row behind what is stored before it there; where that is wrong, it is asked once more. */
async function fitsAtCentre(
  row: LedgerRow,
  hash: string,
  { before, again }: Pick<Judging, "before" | "again">,
): Promise<boolean> {
  if (before.isStored || row.bytes === null) return row.intact;
  return (await again(row.seq, hash))?.intact === true;
}

function onlyTill(own: TillChange, { hash }: Before, tell: Tell): Before {
  const name = own.document?.receiptNumber ?? own.localId;
  const fits = hash === undefined ? undefined : own.hashBehind(hash) === own.hash;
  if (fits === false) tell("damaged on the till", `${name}: its bytes do not give its hash`);
  tell("missing at the centre", name);
  return { seq: own.seq, hash: fits === false ? undefined : own.hash, isStored: false };
}

async function onlyCentre(row: LedgerRow, { before, tell, again }: Judging): Promise<Before> {
  const name = row.document?.receiptNumber ?? row.localId ?? row.hash;
  tell("missing on the till", name);
  const { hash } = before;
  const fits = hash === undefined ? row.intact : await fitsAtCentre(row, hash, { before, again });
  if (!fits && hash !== undefined) tell("damaged at the centre", `${name}: its stored bytes do not give its hash`);
  return { seq: row.seq, hash: fits ? row.hash : undefined, isStored: fits };
}

function comparePrivate(own: TillChange, row: LedgerRow, isCentreRight: boolean, tell: Tell): void {
  const name = own.document?.receiptNumber ?? own.localId;
  const says: Record<PrivatePart, string> = {
    whole: "",
    lost: "its names or numbers are gone or altered",
    stray: "it has none, and some are kept",
  };
  const here = own.private();
  if (here !== "whole") tell("other private part on the till", `${name}: ${says[here]}`);
  if (isCentreRight && row.private !== "whole")
    tell("other private part at the centre", `${name}: ${says[row.private]}`);
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
