import type { GenerationWriter } from "./generations.ts";

/** Between the key and the id, which has none. Sorts before every character of a key. */
const BETWEEN = "\u0000";

/**
 * Keys of a page, written in their order when its rows are there: each leaf of the index is then written once or twice a
 * page, and not with every slice. Each is one plain string, for they all outlive what else is made of a row, and what
 * outlives it makes the young generation of the heap grow.
 */
export class Keys {
  readonly #keys: string[] = [];
  #next = -1;

  add(key: string, id: string): void {
    // Put together at once: `+` would keep both parts besides.
    this.#keys.push([key, id].join(BETWEEN));
  }

  /** @returns whether there are more */
  writeNext(writer: Pick<GenerationWriter, "insertKey">): boolean {
    if (this.#next < 0) this.#keys.sort();
    const text = this.#keys[++this.#next];
    if (text === undefined) return false;
    const at = text.lastIndexOf(BETWEEN);
    writer.insertKey(text.slice(0, at), text.slice(at + 1));
    return this.#next + 1 < this.#keys.length;
  }
}
