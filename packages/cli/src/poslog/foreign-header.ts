import { momentReader } from "../import/local-time.ts";
import { nameUuid } from "../import/name-uuid.ts";
import { cleaned, shortened } from "../import/source-text.ts";
import type { LeftOut } from "./left-out.ts";
import { needed, textIn, wrongValue } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

/** What the reading of one file shares. */
export interface ForeignFile {
  readonly leftOut: LeftOut;
  /** The shop's local time as a UTC instant. */
  readonly instantOf: (element: XmlElement) => string;
}

/** Who sold, where, when: what every transaction of a POSLog begins with. */
export interface ForeignHeader {
  readonly localId: string;
  /** `store/workstation/date/number`: what the other system knows it by. */
  readonly reference: string;
  readonly businessDate: string;
  readonly occurredAt: string;
  readonly operator?: string;
  readonly currency: string;
}

/** The name of the source in every order and in every localId. */
export const POSLOG_SYSTEM = "poslog";

const ID_MAX = 64;

/** @throws SyncError INVALID_INPUT naming what is missing */
export function headerOf(transaction: XmlElement, { instantOf }: ForeignFile): ForeignHeader {
  const reference = referenceOf(transaction);
  const operator = textIn(transaction, "OperatorID");
  return {
    localId: localIdOf(reference),
    reference: shortened(reference, ID_MAX),
    businessDate: needed(transaction, "BusinessDayDate").text.trim(),
    occurredAt: instantOf(needed(transaction, "EndDateTime", "BeginDateTime")),
    ...(operator === undefined ? {} : { operator: shortened(cleaned(operator), ID_MAX) }),
    currency: needed(transaction, "CurrencyCode").text.trim(),
  };
}

/** The four parts that together name a transaction, in a header and in a link to another one. */
export function referenceOf(element: XmlElement): string {
  const store = textIn(element, "RetailStoreID") ?? textIn(element.child("BusinessUnit"), "UnitID") ?? "";
  const parts = ["WorkstationID", "BusinessDayDate", "SequenceNumber"].map((name) => needed(element, name).text);
  return [store, ...parts].map((part) => cleaned(part)).join("/");
}

/** The same for the same transaction in every import, so that a second one records nothing twice. */
export function localIdOf(reference: string): string {
  return nameUuid("import", POSLOG_SYSTEM, reference);
}

/**
 * Reads times on clocks of `zone`; one that names its own zone is taken at its word.
 *
 * @throws SyncError INVALID_INPUT at once for a zone that is none; the reader throws it for a wrong time
 */
export function instantReader(zone: string, leftOut: LeftOut): (element: XmlElement) => string {
  const local = momentReader("yyyy-MM-ddTHH:mm:ss.SSS", zone);
  const zoned = momentReader("instant", zone);
  return (element) => {
    const text = element.text.trim();
    const [, plain, fraction = "", offset] =
      /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
    if (plain === undefined) throw wrongValue(element, "a time such as 2017-10-01T15:15:25", text);
    const exact = `${plain}.${fraction.slice(1, 4).padEnd(3, "0")}`;
    if (offset !== undefined) return zoned(`${exact}${offset}`).occurredAt;
    leftOut.note(`times without a zone, read as ${zone}`);
    return local(exact).occurredAt;
  };
}
