import { AS_JSON, FORM, textOfJson } from "./exact-text.ts";
import type { Fields } from "./fields.ts";
import { needed, wrongValue } from "./values.ts";
import type { XmlElement } from "./xml-element.ts";

/** A text of our own writing, to the character. @throws SyncError INVALID_INPUT */
export function exactly(element: XmlElement): string {
  if (element.attribute(FORM) !== AS_JSON) return element.text;
  const text = textOfJson(element.text);
  if (text === undefined) throw wrongValue(element, "a JSON text, as its form says", element.text);
  return text;
}

export function exactlyIn(element: XmlElement, name: string): string | undefined {
  const child = element.child(name);
  return child === undefined ? undefined : exactly(child);
}

/** The fields that are there. */
export function ownFields(element: XmlElement, fields: Fields): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [field, name] of fields) {
    const text = exactlyIn(element, name);
    if (text !== undefined) found[field] = text;
  }
  return found;
}

export function ownPrivate(body: XmlElement): { readonly private?: Readonly<Record<string, string>> } {
  const personal = body.child("tillsync:Private");
  if (personal === undefined) return {};
  const fields = personal
    .all("tillsync:Field")
    .map((field) => [exactly(needed(field, "tillsync:Name")), exactly(needed(field, "tillsync:Value"))]);
  return { private: Object.fromEntries(fields) };
}

/** `true` or `false`; undefined when it is not there. @throws SyncError INVALID_INPUT */
export function flagOf(element: XmlElement, name: string): boolean | undefined {
  const value = element.attribute(name);
  if (value !== undefined && value !== "true" && value !== "false")
    throw wrongValue(element, `${name} true or false`, value);
  return value === undefined ? undefined : value === "true";
}
