import { decimal, formatMinor, minorDigits, SyncError } from "@tillsync/protocol";
import type { XmlElement } from "./xml-element.ts";

/** A refusal that names the element, where it stands, what belongs there and what came. */
export function wrongValue(element: XmlElement, expected: string, got: string): SyncError {
  const { line, column } = element.position;
  const shown = JSON.stringify(got.slice(0, 40));
  return new SyncError(
    "INVALID_INPUT",
    `${element.path} (line ${line} column ${column}) must be ${expected}; got ${shown}.`,
    {
      field: element.path,
      expected,
      got: got.slice(0, 40),
      line,
      column,
    },
  );
}

/** A child that must be there. @throws SyncError INVALID_INPUT */
export function needed(element: XmlElement, ...names: readonly string[]): XmlElement {
  for (const name of names) {
    const child = element.child(name);
    if (child !== undefined) return child;
  }
  throw wrongValue(element, `an element with ${names.join(" or ")}`, `none in ${element.name}`);
}

/** The child's text without spaces at the ends; undefined when it is not there or empty. */
export function textIn(element: XmlElement | undefined, name: string): string | undefined {
  const text = element?.child(name)?.text.trim();
  return text === "" ? undefined : text;
}

/** An amount in minor units, exactly: POSLog writes `12.50`. @throws SyncError INVALID_INPUT, also for a part of a cent */
export function minorOfText(element: XmlElement, currencyCode: string): number {
  const text = element.text.trim();
  const [, sign, whole = "", fraction = ""] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  const digits = minorDigits(currencyCode);
  const minor = Number(`${whole}${fraction.slice(0, digits).padEnd(digits, "0")}`);
  const isExact = sign !== undefined && `${whole}${fraction}` !== "" && /^0*$/.test(fraction.slice(digits));
  if (!isExact || !Number.isSafeInteger(minor))
    throw wrongValue(element, `an amount in ${currencyCode} such as ${formatMinor(1250, currencyCode)}`, text);
  return sign === "-" && minor !== 0 ? -minor : minor;
}

/** A quantity, price or rate as the wire writes decimals. @throws SyncError INVALID_INPUT */
export function decimalOfText(element: XmlElement): string {
  const text = element.text.trim();
  const [, sign, whole = "", fraction = ""] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  const shorter = fraction.length > 6 ? fraction.replace(/0+$/, "") : fraction;
  const plain = `${sign === "-" ? "-" : ""}${whole.replace(/^0+(?=\d)/, "") || "0"}${shorter === "" ? "" : `.${shorter}`}`;
  if (sign === undefined || `${whole}${fraction}` === "" || !decimal.safeParse(plain).success)
    throw wrongValue(element, "a number such as 2 or 0.420", text);
  return plain;
}

/** The same amount of the other sign. */
export function negated(quantity: string): string {
  if (/^-?0(\.0*)?$/.test(quantity)) return quantity;
  return quantity.startsWith("-") ? quantity.slice(1) : `-${quantity}`;
}
