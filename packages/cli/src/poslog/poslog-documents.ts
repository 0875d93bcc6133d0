import { SyncError } from "@tillsync/protocol";
import type { ImportedEntry } from "../import/documents.ts";
import { type Refusals, refusalOf } from "../import/refusals.ts";
import { type ForeignFile, instantReader, referenceOf } from "./foreign-header.ts";
import { foreignOutcome } from "./foreign-transaction.ts";
import { LeftOut, type ReadingReport } from "./left-out.ts";
import { ownEntry, ownKind } from "./own-entry.ts";
import { readTransactions } from "./read-transactions.ts";
import type { XmlElement } from "./xml-element.ts";

export interface PoslogOptions {
  /** IANA zone of the shop's clock, for times that name none. */
  readonly timeZone: string;
  readonly refusals: Refusals;
  /** Told once, before the first document: what of the file is in no document, and why. */
  readonly onReport?: ((report: ReadingReport) => void) | undefined;
}

/**
 * The documents of a POSLog file, in its order. It is read twice, like every import: once to check all of it and to count
 * what has no place, once to hand the documents out; one transaction is held at a time.
 *
 * @throws SyncError INVALID_INPUT, TOTALS_MISMATCH, TOO_LARGE
 */
export async function* poslogDocuments(file: string, options: PoslogOptions): AsyncGenerator<ImportedEntry> {
  const { refusals, onReport, timeZone } = options;
  const leftOut = new LeftOut();
  let expected = 0;
  for await (const entry of entries(file, { timeZone, leftOut, refusals })) if (entry !== undefined) expected += 1;
  refusals.stopIfAny(file);
  onReport?.(leftOut.report());
  let found = 0;
  for await (const entry of entries(file, { timeZone, leftOut: new LeftOut() })) {
    if (entry === undefined) continue;
    found += 1;
    yield entry;
  }
  if (found !== expected)
    throw new SyncError("INVALID_INPUT", "The file changed while it was read; run the import again.", {
      field: "file",
    });
}

interface Pass {
  readonly timeZone: string;
  readonly leftOut: LeftOut;
  /** In the first pass only: so that each refusal is told once. */
  readonly refusals?: Refusals;
}

async function* entries(
  file: string,
  { timeZone, leftOut, refusals }: Pass,
): AsyncGenerator<ImportedEntry | undefined> {
  const foreign: ForeignFile = { leftOut, instantOf: instantReader(timeZone, leftOut) };
  for await (const part of readTransactions(file)) {
    if (part.type === "remark") leftOut.remark(part.name);
    else if (part.element.name !== "Transaction")
      leftOut.whole(part.element, "stands beside the transactions", `POSLog/${part.element.name}`);
    else yield entryOf(part.element, foreign, refusals);
  }
}

/** Undefined for a transaction that makes no document. */
function entryOf(transaction: XmlElement, foreign: ForeignFile, refusals?: Refusals): ImportedEntry | undefined {
  const { leftOut } = foreign;
  const kind = ownKind(transaction);
  try {
    if (kind !== undefined) {
      const entry = ownEntry(transaction, kind);
      leftOut.rest(transaction);
      return entry;
    }
    const outcome = foreignOutcome(transaction, foreign);
    if ("entry" in outcome) {
      leftOut.rest(transaction);
      return outcome.entry;
    }
    leftOut.whole(transaction, outcome.leftOut, outcome.name);
  } catch (error) {
    const { line, column } = transaction.position;
    const refusal = refusalOf(error, line);
    const name = nameOf(transaction, kind);
    refusals?.add({
      ...refusal,
      document: name,
      message: `transaction ${name} (column ${column}): ${refusal.message}`,
    });
  }
  return undefined;
}

/** How people find it in the other system; what is missing of its name is left away. */
function nameOf(transaction: XmlElement, kind: string | undefined): string {
  const localId = transaction.peek("tillsync:localId");
  if (kind !== undefined && localId !== undefined) return localId;
  try {
    return referenceOf(transaction);
  } catch (error) {
    if (error instanceof SyncError) return transaction.peekText("SequenceNumber") ?? "without a number";
    throw error;
  }
}
