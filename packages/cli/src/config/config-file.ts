import { readFile } from "node:fs/promises";
import { SyncError } from "@tillsync/protocol";
import { KEYS, type Key } from "./keys.ts";
import { nearest } from "./nearest.ts";

/** What one source says: values by key, not checked yet, and its name for errors. */
export interface Layer {
  readonly origin: string;
  readonly entries: ReadonlyMap<Key, unknown>;
}

const BY_LOWER_CASE: ReadonlyMap<string, Key> = new Map(
  Object.keys(KEYS).map((key) => [key.toLowerCase(), key as Key]),
);

/**
 * Reads a file of sections and keys, upper and lower case alike. Undefined when there is no such file and it may be
 * missing.
 *
 * @throws SyncError CONFIG_INVALID for a file that cannot be read, is no JSON, or has a key we do not know
 */
export async function readConfigFile(file: string, mayBeMissing: boolean): Promise<Layer | undefined> {
  const origin = file;
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (cause) {
    if (mayBeMissing && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new SyncError("CONFIG_INVALID", `The configuration file ${file} cannot be read.`, { origin }, cause);
  }
  return { origin, entries: entriesOf(parse(content, file), file) };
}

function parse(content: string, file: string): unknown {
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (cause) {
    // The parser quotes the text around the mistake, which may be a password; only the position is passed on.
    const position = /position (\d+)/.exec(cause instanceof Error ? cause.message : "")?.[1];
    const line = position === undefined ? "" : `, near line ${content.slice(0, Number(position)).split("\n").length}`;
    throw new SyncError("CONFIG_INVALID", `The configuration file ${file} is not JSON${line}.`, { origin: file });
  }
}

function entriesOf(content: unknown, origin: string): Map<Key, unknown> {
  const entries = new Map<Key, unknown>();
  for (const [section, keys] of members(content, "The file", origin)) {
    for (const [name, value] of members(keys, section, origin)) {
      const key = known(`${section}.${name}`, origin);
      if (entries.has(key)) throw refuse(key, origin, "written once", "two of it that differ in upper and lower case");
      entries.set(key, value);
    }
  }
  return entries;
}

function members(value: unknown, name: string, origin: string): [string, unknown][] {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return Object.entries(value);
  throw refuse(name, origin, "an object of names and values", Array.isArray(value) ? "a list" : typeof value);
}

function known(name: string, origin: string): Key {
  const key = BY_LOWER_CASE.get(name.toLowerCase());
  if (key !== undefined) return key;
  const closest = nearest(name, [...BY_LOWER_CASE.values()]);
  throw new SyncError("CONFIG_INVALID", `${name} (from ${origin}) is not a key of Tillsync. Did you mean ${closest}?`, {
    field: name,
    origin,
    expected: `a known key, such as ${closest}`,
    got: name,
  });
}

/** The one shape of a refused setting: the key, where it came from, what belongs there, what came. */
export function refuse(field: string, origin: string, expected: string, got: string): SyncError {
  const message = `${field} (from ${origin}) must be ${expected}; got ${got}.`;
  return new SyncError("CONFIG_INVALID", message, { field, origin, expected, got });
}
