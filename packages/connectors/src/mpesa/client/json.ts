export type Json = Readonly<Record<string, unknown>>;

/** Undefined for what is no JSON object. Keys are taken without the spaces that some answers put around them. */
export function objectOf(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.trim(), one]));
}

/** Numbers and texts say the same thing; anything else says nothing. */
export function wordOf(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" ? value.trim() : undefined;
}

/** A list, a list of lists, or the one thing that is no list because it is alone. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.flat() : [value];
}
