/** Chance that is the same for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, not including, `limit`. mulberry32 (Tommy Ettinger): plenty for a test. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error("nothing to pick from");
    return items[this.below(items.length)] as T;
  }
}

/**
 * The seed of a run: the one given (TILLSYNC_SEED), or one from the time at which it began. Whoever asks prints it.
 *
 * @param nowMs milliseconds since 1970, from the test: this package reads no clock
 */
export function fuzzSeed(given: string | undefined, nowMs: number): number {
  return given === undefined ? nowMs % 1_000_000 : Number(given);
}

/** Prints what a run counted as one line of JSON, seed included. */
export function tellFigures(figures: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
