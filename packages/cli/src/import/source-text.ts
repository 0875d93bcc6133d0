import { createHash } from "node:crypto";

/** Characters of a SHA-256 that keep two shortened names apart: 64 bits. */
const MARK_DIGITS = 16;

/**
 * Text of a source as we keep it: no control characters (PostgreSQL cannot store NUL, and a printer obeys the others), no
 * lone surrogates, no space at the ends. Everything else, in any script, stays.
 */
export function cleaned(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, " ")
    .toWellFormed()
    .trim();
}

/** At most `max` UTF-16 units, never half a character. */
export function cut(text: string, max: number): string {
  const part = text.slice(0, max);
  return part.isWellFormed() ? part : part.slice(0, -1);
}

/**
 * A name that must stay distinct and fit `max` units: longer ones keep their beginning and end in a mark of the whole, so
 * that two items with the same first 64 characters remain two items.
 */
export function shortened(name: string, max: number): string {
  if (name.length <= max) return name;
  const mark = createHash("sha256").update(name).digest("hex").slice(0, MARK_DIGITS);
  return `${cut(name, max - MARK_DIGITS - 1)}~${mark}`;
}
