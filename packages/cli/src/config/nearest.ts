/** The name that takes the fewest changes of a letter to become `text`; upper and lower case are alike. */
export function nearest<N extends string>(text: string, names: readonly N[]): N | undefined {
  let best: N | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const changes = distance(text.toLowerCase(), name.toLowerCase());
    if (changes < least) [best, least] = [name, changes];
  }
  return best;
}

/** Levenshtein's distance, row by row (Wagner and Fischer 1974). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
