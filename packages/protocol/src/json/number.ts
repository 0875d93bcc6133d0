import type { ErrorDetails } from "../errors.ts";
import { LIMITS } from "../limits.ts";

const PLAIN = /^-?[0-9]+$/;
/** Every whole number of this many characters, sign included, is below 2^53. */
const SURELY_SAFE_CHARS = 15;

/** Index after the number that begins at `start`: everything that a number could be written with. */
export function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isNumberChar(text.charCodeAt(at))) at += 1;
  return at;
}

/** What is wrong with the number `text[start..end)`; undefined when nothing is. Its grammar is left to the parser. */
export function checkNumber(text: string, start: number, end: number, fractions: boolean): ErrorDetails | undefined {
  const chars = end - start;
  if (chars > LIMITS.maxNumberChars) {
    const expected = `at most ${LIMITS.maxNumberChars} characters in a number`;
    return { expected, got: `a number of ${chars} characters` };
  }
  const literal = text.slice(start, end);
  if (literal === "-") return undefined;
  if (!PLAIN.test(literal)) {
    if (!fractions) {
      const expected = "a whole number, or a fraction as decimal text";
      return { expected, got: "a number with a fraction or exponent; fractions travel as decimal text" };
    }
    const exponent = /e[+-]?([0-9]+)$/i.exec(literal)?.[1];
    if (exponent === undefined || Number(exponent) <= LIMITS.maxExponent) return undefined;
    return { expected: `an exponent of at most ${LIMITS.maxExponent}`, got: "a number with a larger exponent" };
  }
  // Above it two whole numbers read as one; where fractions are allowed, numbers are read as the text they are.
  if (fractions || chars <= SURELY_SAFE_CHARS || Number.isSafeInteger(Number(literal))) return undefined;
  return { expected: "a whole number up to 2^53-1", got: "a whole number above 2^53-1" };
}

/** Digits, point, sign, `e`. */
function isNumberChar(char: number): boolean {
  return (char >= 48 && char <= 57) || char === 46 || char === 43 || char === 45 || char === 101 || char === 69;
}
