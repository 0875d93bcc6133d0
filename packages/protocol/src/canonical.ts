import { isPlainlyCanonical } from "./canonical-scan.ts";
import { SyncError } from "./errors.ts";

/** What a change may be made of: RFC 8785 JSON without fractions, so that one value has one byte string. */
export type Canonical =
  | string
  | number
  | boolean
  | null
  | readonly Canonical[]
  | { readonly [key: string]: Canonical | undefined };

/** Deeper values are refused before they can exhaust a stack anywhere on their way (reliability.md S10). */
export const MAX_DEPTH = 32;

/**
 * The canonical text of a value: RFC 8785 (keys in UTF-16 order, no white space, ECMAScript string escapes), restricted
 * to strings without lone surrogates, safe integers, booleans, null, arrays and objects. `undefined` members are left out.
 *
 * @throws SyncError INVALID_INPUT naming the field, for fractions, unsafe integers, lone surrogates, `__proto__`, depth.
 */
export function canonicalText(value: unknown): string {
  return writePlain(value, 0) ?? write(value, "", 0);
}

/** As `write`, without knowing where it is: undefined when something has to be refused, which `write` then names. */
function writePlain(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? JSON.stringify(value) : undefined;
    case "number":
      return Number.isSafeInteger(value) ? String(value) : undefined; // minus zero too is "0"
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depth >= MAX_DEPTH) return undefined;
      if (Array.isArray(value)) return writePlainArray(value, depth);
      return isPlain(value) ? writePlainObject(value as Record<string, unknown>, depth) : undefined;
    default:
      return undefined;
  }
}

function writePlainArray(items: readonly unknown[], depth: number): string | undefined {
  let text = "";
  for (let index = 0; index < items.length; index++) {
    const item = writePlain(items[index], depth + 1);
    if (item === undefined) return undefined;
    text += index === 0 ? item : `,${item}`;
  }
  return `[${text}]`;
}

function writePlainObject(object: Record<string, unknown>, depth: number): string | undefined {
  let text = "";
  for (const key of sortedNames(object)) {
    const member = object[key];
    if (member === undefined) continue;
    const written = key === "__proto__" || !key.isWellFormed() ? undefined : writePlain(member, depth + 1);
    if (written === undefined) return undefined;
    text += `${text === "" ? "" : ","}${quoted(key)}:${written}`;
  }
  return `{${text}}`;
}

/** Few names are put in their place one by one: `sort` takes longer to begin than that. By UTF-16 code units, as `<` has it. */
function sortedNames(object: object): string[] {
  const names = Object.keys(object);
  if (names.length > FEW) return names.sort();
  for (let index = 1; index < names.length; index++) {
    const name = names[index] as string;
    let at = index;
    for (; at > 0 && name < (names[at - 1] as string); at--) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}

const FEW = 16;

/** Names that need no escapes, as all of ours. */
const NAME = /^[A-Za-z0-9_]*$/;

function quoted(key: string): string {
  return NAME.test(key) ? `"${key}"` : JSON.stringify(key);
}

function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw refuse(path, "text without lone surrogates", "a lone surrogate");
      return JSON.stringify(value);
    case "number":
      if (!Number.isSafeInteger(value))
        throw refuse(path, "a whole number up to 2^53-1 (fractions as decimal text)", String(value));
      return Object.is(value, -0) ? "0" : String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depth >= MAX_DEPTH) throw refuse(path, `at most ${MAX_DEPTH} levels`, "deeper nesting");
      return Array.isArray(value)
        ? writeArray(value, path, depth)
        : writeObject(value as Record<string, unknown>, path, depth);
    default:
      throw refuse(path, "JSON", typeof value);
  }
}

function writeArray(items: readonly unknown[], path: string, depth: number): string {
  let text = "[";
  for (let index = 0; index < items.length; index++) {
    text += (index === 0 ? "" : ",") + write(items[index], `${path}[${index}]`, depth + 1);
  }
  return `${text}]`;
}

function writeObject(object: Record<string, unknown>, path: string, depth: number): string {
  if (!isPlain(object)) throw refuse(path, "a plain object", "an object of a class");
  let text = "{";
  let first = true;
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member === undefined) continue;
    if (key === "__proto__") throw refuse(path, "no member named __proto__", "__proto__");
    if (!key.isWellFormed()) throw refuse(path, "names without lone surrogates", "a lone surrogate");
    text += `${first ? "" : ","}${JSON.stringify(key)}:${write(member, path === "" ? key : `${path}.${key}`, depth + 1)}`;
    first = false;
  }
  return `${text}}`;
}

/** A date or a map would silently become `{}`. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Parses canonical text. Whatever is not byte for byte what `canonicalText` would write is refused, which covers duplicate
 * keys, fractions, `__proto__`, odd escapes and white space in one comparison.
 *
 * @throws SyncError BODY_NOT_CANONICAL
 */
export function parseCanonical(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isPlainlyCanonical(text, MAX_DEPTH) || canonicalText(value) === text) return value;
  } catch (cause) {
    throw new SyncError("BODY_NOT_CANONICAL", "The change is not canonical JSON; it was kept as it came.", {}, cause);
  }
  throw new SyncError(
    "BODY_NOT_CANONICAL",
    "The change is JSON, but not in its one canonical form; it was kept as it came.",
  );
}

function refuse(path: string, expected: string, got: string): SyncError {
  const field = path === "" ? "(root)" : path;
  return new SyncError("INVALID_INPUT", `${field} must be ${expected}; got ${got}.`, { field, expected, got });
}
