import type { TerminalEvent } from "./verbs.ts";

type Listener = (event: TerminalEvent) => void;

/** Who is told what has happened. A listener's own trouble cannot undo it, nor keep it from the others. */
export class Listeners {
  readonly #listeners = new Set<Listener>();

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** The returned function stops it. */
  add(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: TerminalEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // It was not told; the next event comes to it as to all others.
      }
    }
  }
}
