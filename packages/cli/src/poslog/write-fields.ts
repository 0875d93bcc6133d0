import type { Fields } from "./fields.ts";
import type { NewElement } from "./xml-writer.ts";

export function writeFields(body: NewElement, draft: object, fields: Fields): void {
  const values = draft as Readonly<Record<string, string | undefined>>;
  for (const [field, element] of fields) body.text(element, values[field]);
}

export function writePrivate(body: NewElement, fields: Readonly<Record<string, string>> | undefined): void {
  if (fields === undefined) return;
  const personal = body.add("tillsync:Private");
  for (const name of Object.keys(fields).sort())
    personal.add("tillsync:Field").text("tillsync:Name", name).text("tillsync:Value", fields[name]);
}
