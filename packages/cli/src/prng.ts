/** A deterministic source of chance: the same seed gives the same run on every machine. */
export interface Prng {
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  /** True with the given probability (0 to 1). */
  chance(probability: number): boolean;
  /** One of the items; the list must not be empty. */
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** Words drawn and thrown away at the start, so that seeds that differ in one bit differ in everything. */
const WARM_UP = 15;

/**
 * sfc32 (Chris Doty-Humphrey's "small fast counting" generator, PractRand): 128 bits of state, period at least 2^32.
 *
 * @param seed any whole number; all of its 53 bits count
 */
export function prng(seed: number): Prng {
  let a = 0x9e3779b9;
  let b = seed >>> 0;
  let c = Math.floor(seed / 2 ** 32) >>> 0;
  let counter = 1;
  const next = (): number => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
  for (let drawn = 0; drawn < WARM_UP; drawn++) next();
  const whole = (min: number, max: number): number => min + Math.floor((next() / 2 ** 32) * (max - min + 1));
  return {
    whole,
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (items) => items[whole(0, items.length - 1)] ?? items[0],
  };
}
