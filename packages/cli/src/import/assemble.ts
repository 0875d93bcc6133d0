import type { InventoryDraft, LineDraft, OrderDraft } from "@tillsync/engine";
import { lineAmountMinor, SyncError } from "@tillsync/protocol";
import type { SourceRow } from "./csv-row.ts";
import type { ImportedDocument } from "./documents.ts";
import type { Mapping } from "./mapping.ts";
import { nameUuid } from "./name-uuid.ts";
import { cut, shortened } from "./source-text.ts";

/** Limits of the wire (`protocol/order.ts`) that text of a source may exceed. */
const ID_MAX = 64;
const TENDER_MAX = 32;
const DESCRIPTION_MAX = 256;
const LINES_MAX = 10_000;

/**
 * The document that rows with one number make. Date and time are those of the first row, where rows disagree (a till that
 * takes the time per line passes a minute in between). The localId follows from source and number alone.
 *
 * @throws SyncError INVALID_INPUT when the rows cannot be one document
 */
export function assemble(rows: readonly SourceRow[], mapping: Mapping): ImportedDocument {
  const first = rows[0];
  if (first === undefined) throw new SyncError("INVALID_INPUT", "A document has at least one row.");
  for (const row of rows) if (row.currency !== first.currency) throw oneOnly("currency", first.currency, row.currency);
  const isReturn = mapping.returns?.numberPrefixes.some((prefix) => first.number.startsWith(prefix)) ?? false;
  const { businessDate } = first.moment;
  if (mapping.writeOffs && rows.length === 1 && !isReturn && isWriteOff(first)) {
    return { kind: "inventory", businessDate, draft: inventoryOf(first, mapping) };
  }
  return { kind: "order", businessDate, draft: orderOf(first, rows, isReturn, mapping) };
}

function orderOf(first: SourceRow, rows: readonly SourceRow[], isReturn: boolean, mapping: Mapping): OrderDraft {
  const lines = (mapping.combineEqualRows ? combined(rows) : rows).map((row) => lineOf(row, mapping));
  if (lines.length > LINES_MAX)
    throw new SyncError("INVALID_INPUT", `A document has at most ${LINES_MAX} lines; this one has ${lines.length}.`, {
      field: "lines",
    });
  let totalMinor = 0;
  for (const line of lines) totalMinor += line.amountMinor;
  const hasTender = totalMinor !== 0;
  const type = first.tender === "" ? "other" : cut(first.tender, TENDER_MAX);
  const madeUp =
    hasTender && first.tender === "" && !mapping.madeUp.includes("tenders")
      ? [...mapping.madeUp, "tenders"]
      : mapping.madeUp;
  const customer = rows.find((row) => row.customer !== "")?.customer;
  return {
    localId: nameUuid("import", mapping.system, first.number),
    documentType: isReturn ? "return" : "sale",
    currency: first.currency,
    lines,
    tenders: hasTender ? [{ type, amountMinor: totalMinor }] : [],
    ...(customer === undefined ? {} : { customerId: shortened(customer, ID_MAX) }),
    reference: shortened(first.number, ID_MAX),
    source: { system: mapping.system, ...(madeUp.length === 0 ? {} : { madeUp }) },
    occurredAt: first.moment.occurredAt,
  };
}

function lineOf(row: SourceRow, mapping: Mapping): LineDraft & { amountMinor: number } {
  // "No item" sold nothing: the row stays, so that the document is whole, but it has no price and moves no stock.
  const isNothing = mapping.noItem.includes(row.item);
  const unitPrice = isNothing ? "0" : row.unitPrice;
  const isStocked = !isNothing && !mapping.unstocked.some((pattern) => matches(row.item, pattern));
  const description = cut(descriptionOf(row), DESCRIPTION_MAX);
  return {
    item: shortened(row.item, ID_MAX),
    ...(description === "" ? {} : { description }),
    quantity: row.quantity,
    unitPrice,
    amountMinor: lineAmountMinor(row.quantity, unitPrice, row.currency),
    ...(isStocked ? {} : { stocked: false }),
  };
}

function inventoryOf(row: SourceRow, mapping: Mapping): InventoryDraft {
  const reason = cut(descriptionOf(row), DESCRIPTION_MAX);
  return {
    localId: nameUuid("import", mapping.system, row.number),
    item: shortened(row.item, ID_MAX),
    delta: row.quantity,
    type: "write-off",
    reference: shortened(row.number, ID_MAX),
    ...(reason === "" ? {} : { reason }),
    occurredAt: row.moment.occurredAt,
  };
}

/** A shortened item keeps its full name where there is room for it. */
function descriptionOf(row: SourceRow): string {
  return row.description === "" && row.item.length > ID_MAX ? row.item : row.description;
}

function isWriteOff(row: SourceRow): boolean {
  return row.quantity.startsWith("-") && Number(row.unitPrice) === 0;
}

/** Equal rows as one with the sum of their quantities, in the order of the first of each. */
function combined(rows: readonly SourceRow[]): readonly SourceRow[] {
  const byContent = new Map<string, SourceRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.item, row.description, row.unitPrice]);
    const earlier = byContent.get(key);
    byContent.set(key, earlier === undefined ? row : { ...earlier, quantity: sum(earlier.quantity, row.quantity) });
  }
  return [...byContent.values()];
}

/** Exact sum of two decimal texts with at most six places, in millionths. */
function sum(left: string, right: string): string {
  const millionths = inMillionths(left) + inMillionths(right);
  const digits = String(millionths < 0n ? -millionths : millionths).padStart(7, "0");
  const fraction = digits.slice(-6).replace(/0+$/, "");
  return `${millionths < 0n ? "-" : ""}${digits.slice(0, -6)}${fraction === "" ? "" : `.${fraction}`}`;
}

function inMillionths(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(`${whole}${fraction.padEnd(6, "0")}`);
}

function matches(item: string, pattern: string): boolean {
  return pattern.endsWith("*") ? item.startsWith(pattern.slice(0, -1)) : item === pattern;
}

function oneOnly(field: string, expected: string, got: string): SyncError {
  return new SyncError(
    "INVALID_INPUT",
    `All rows of a document have one ${field}; this one has ${expected} and ${got}.`,
    { field, expected, got },
  );
}
