import type { Lines } from "./ports.ts";

/** The lines of a text that is in memory; the last one may end without a line feed. */
export function linesOf(text: string): Lines {
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  return { read: () => lines.values() };
}
