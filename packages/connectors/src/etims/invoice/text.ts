/** At most so many UTF-16 units, and no half of a character at the end. */
export function clipped(text: string, max: number): string {
  return text
    .slice(0, max)
    .replace(/[\uD800-\uDBFF]$/, "")
    .trim();
}
