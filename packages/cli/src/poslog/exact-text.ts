/** The attribute that says how a text of ours is written, and its one value. */
export const FORM = "tillsync:form";
export const AS_JSON = "json";

// What XML 1.0 has no way to write, and the carriage return, which every reader turns into a line end.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_AS_IT_IS = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/;
const NOT_IN_JSON = /[\u007f-\u009f\ufffe\uffff]/g;

/** A text for an element: as it is, or as JSON text when XML cannot hold one of its characters. */
export function exactText(text: string): { readonly text: string; readonly form?: typeof AS_JSON } {
  if (!NOT_AS_IT_IS.test(text)) return { text };
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return { text: JSON.stringify(text).replaceAll(NOT_IN_JSON, escaped), form: AS_JSON };
}

/** The text that `exactText` was given; undefined when it is no JSON text. */
export function textOfJson(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
