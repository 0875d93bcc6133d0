import { SyncError } from "@tillsync/protocol";

/** One thing in a file that cannot be imported as it is. */
export interface Refusal {
  /** From 1, the header included. */
  readonly line: number;
  /** The document's number in the source; absent when the line has none. */
  readonly document?: string;
  readonly field: string;
  readonly message: string;
}

/** How many are named in the error; the count covers all. */
const NAMED = 20;

/**
 * What a file's reader does with what it cannot take. With a listener each refusal is told once and the reader goes on
 * without that document; without one they are collected, and `stopIfAny` ends the import before anything was recorded.
 */
export class Refusals {
  #count = 0;
  readonly #named: Refusal[] = [];
  readonly #listener: ((refusal: Refusal) => void) | undefined;

  constructor(listener?: (refusal: Refusal) => void) {
    this.#listener = listener;
  }

  add(refusal: Refusal): void {
    this.#count += 1;
    if (this.#listener !== undefined) this.#listener(refusal);
    else if (this.#named.length < NAMED) this.#named.push(refusal);
  }

  /** @throws SyncError INVALID_INPUT when something was refused and nobody listens */
  stopIfAny(file: string): void {
    const first = this.#named[0];
    if (first === undefined) return;
    const lines = this.#count === 1 ? "1 line" : `${this.#count} lines`;
    const message = `${file}: ${lines} cannot be imported. The first is line ${first.line}: ${first.message}`;
    throw new SyncError("INVALID_INPUT", message, {
      field: first.field,
      line: first.line,
      refused: this.#count,
      refusals: this.#named,
    });
  }
}

/** A refusal from the error that a line caused. Errors that are no refusals of ours pass. */
export function refusalOf(error: unknown, line: number, document?: string): Refusal {
  if (!(error instanceof SyncError)) throw error;
  const named = document === undefined ? {} : { document };
  return { line, ...named, field: error.details.field ?? "(root)", message: error.message };
}
