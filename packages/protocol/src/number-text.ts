import { SyncError } from "./errors.ts";

/**
 * A number as it stood in a JSON text. `45.99` has no binary double, `9007199254740993` none either, and `1.50` says more
 * than `1.5`: what somebody else's device sent is kept as it was written.
 */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON in which every number is a `NumberText`. */
export type KeptJson =
  | string
  | boolean
  | null
  | NumberText
  | readonly KeptJson[]
  | { readonly [name: string]: KeptJson };

/** ECMAScript hands the source of each primitive to the reviver (proposal-json-parse-with-source, Node 21 and later). */
type SourceReviver = (this: unknown, name: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Parses JSON and keeps numbers as they were written. @throws SyncError INVALID_JSON */
export function parseKeepingNumbers(text: string): KeptJson {
  const keep: SourceReviver = (_name, value, { source }) =>
    typeof value === "number" ? new NumberText(source ?? String(value)) : value;
  try {
    return JSON.parse(text, keep as (this: unknown, key: string, value: unknown) => unknown) as KeptJson;
  } catch {
    // Without the cause: its message quotes the body.
    throw new SyncError("INVALID_JSON", "The body is not JSON.");
  }
}

/** JSON text with numbers as they were written. @param order how the names of an object come: as sent, or sorted */
export function keptText(value: KeptJson, order: "as sent" | "sorted" = "as sent"): string {
  if (value instanceof NumberText) return value.text;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map((item) => keptText(item, order)).join(",")}]`;
  const names = Object.keys(value);
  if (order === "sorted") names.sort();
  const members = names.map((name) => `${JSON.stringify(name)}:${keptText(value[name] ?? null, order)}`);
  return `{${members.join(",")}}`;
}

function isList(value: KeptJson): value is readonly KeptJson[] {
  return Array.isArray(value);
}

/** The same value as `JSON.parse` gives it, for readers that take whole numbers only. */
export function plainJson(value: KeptJson): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(plainJson);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainJson(member)]));
}

/** True for what came as a JSON object. */
export function isKeptObject(value: unknown): value is { readonly [name: string]: KeptJson } {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof NumberText);
}

/** False when any text or name in it has a lone surrogate, which has no UTF-8. */
export function isWellFormedJson(value: KeptJson): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (value === null || typeof value !== "object" || value instanceof NumberText) return true;
  if (isList(value)) return value.every(isWellFormedJson);
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormedJson(member));
}
