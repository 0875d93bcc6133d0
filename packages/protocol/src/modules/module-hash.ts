const LIMBS = 8;
const LIMB_DIGITS = 8;
const LIMB = 2 ** 32;

/** Additions between two carries: 2^20 limbs of 32 bits stay below 2^53, so that every sum is exact. */
const MAX_UNCARRIED = 2 ** 20;

/** The value of a hex digit by its code; 0 for everything else. */
const NIBBLES = new Uint8Array(128);
for (let value = 0; value < 16; value++) NIBBLES["0123456789abcdef".charCodeAt(value)] = value;

/** The hash of a module without rows. */
export const EMPTY_MODULE_HASH = "0".repeat(LIMBS * LIMB_DIGITS);

/**
 * The hash of a module: the sum of its rows' hashes as 256-bit numbers, modulo 2^256. The order of the rows does not matter,
 * and an edit is one subtraction and one addition, so both sides keep it up to date at the cost of what changed. It tells two
 * copies apart that differ by accident; it is no defence against somebody who makes up rows (decision 0020).
 *
 * The limbs are floating-point sums that are carried now and then: 7 million additions a second, where BigInt does one.
 */
export class ModuleHash {
  /** Least significant first. */
  readonly #limbs = new Float64Array(LIMBS);
  #uncarried = 0;

  /** @param hex a hash to go on from: 64 lower-case hex digits */
  constructor(hex: string = EMPTY_MODULE_HASH) {
    this.#put(hex, 1);
  }

  /** @param hex the hash of a row: 64 lower-case hex digits */
  add(hex: string): void {
    this.#put(hex, 1);
  }

  /** Takes away what `add` put there. */
  subtract(hex: string): void {
    this.#put(hex, -1);
  }

  /** 64 lower-case hex digits. */
  hex(): string {
    this.#carry();
    let text = "";
    for (let limb = LIMBS - 1; limb >= 0; limb--)
      text += (this.#limbs[limb] as number).toString(16).padStart(LIMB_DIGITS, "0");
    return text;
  }

  #put(hex: string, sign: 1 | -1): void {
    if (this.#uncarried >= MAX_UNCARRIED) this.#carry();
    this.#uncarried++;
    for (let limb = LIMBS - 1, at = 0; limb >= 0; limb--) {
      let value = 0;
      for (const end = at + LIMB_DIGITS; at < end; at++) value = (value << 4) | (NIBBLES[hex.charCodeAt(at)] as number);
      (this.#limbs[limb] as number) += (value >>> 0) * sign;
    }
  }

  #carry(): void {
    let carry = 0;
    for (let limb = 0; limb < LIMBS; limb++) {
      const sum = (this.#limbs[limb] as number) + carry;
      carry = Math.floor(sum / LIMB);
      this.#limbs[limb] = sum - carry * LIMB;
    }
    this.#uncarried = 1;
  }
}
