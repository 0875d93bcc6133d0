import { MAX_DEPTH } from "../canonical.ts";
import { type ErrorDetails, SyncError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { checkNumber, endOfNumber } from "./number.ts";
import { pathAt } from "./path.ts";
import { endOfString, findUnstorable } from "./string.ts";

export interface ScanOptions {
  /**
   * For documents of other programs (004, 001), which write amounts as `45.99`: numbers may have a fraction and an
   * exponent within bounds, and are not measured against 2^53, because they are read as the text they are.
   */
  readonly fractions?: boolean;
  /**
   * Refuse text that holds what PostgreSQL has no character for: NUL and lone surrogates. Not for batches, where one
   * document with half an emoji must not keep all the others from being stored.
   */
  readonly storable?: boolean;
}

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Refuses what `JSON.parse` would quietly accept and two readers might understand differently: a name that comes twice
 * in one object, `__proto__`, numbers with a fraction or exponent (design section 5) or above 2^53; and what would cost
 * stack or memory out of proportion: deep nesting, names and values by the hundred thousand, endless numbers.
 *
 * One pass over the characters before anything is built. It knows only strings, numbers, brackets, commas and colons: on
 * valid JSON that is enough to find every name, and invalid JSON is left to `JSON.parse`, which has to accept the text as
 * well. Change bodies are strings here, so their own content is skipped; `parseCanonical` judges it later, change by
 * change.
 *
 * @returns how many values there are
 * @throws SyncError INVALID_JSON; TOO_LARGE for more values than `LIMITS.maxValues`
 */
export function scanJson(text: string, { fractions = false, storable = false }: ScanOptions = {}): number {
  const names: (Set<string> | undefined)[] = [];
  // A value is either the first of its list or object, or comes after a comma.
  let values = 1;
  let at = 0;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const close = endOfString(text, at);
      const wrong = storable ? findUnstorable(text, at, close) : undefined;
      if (wrong !== undefined) throw refuse(text, at, { got: wrong, expected: "text that can be stored" });
      if (text.charCodeAt(skipSpace(text, close)) === COLON) addName(names.at(-1), text, at, close);
      at = close;
      continue;
    }
    if (char === MINUS || (char >= 48 && char <= 57)) {
      const close = endOfNumber(text, at);
      const wrong = checkNumber(text, at, close, fractions);
      if (wrong !== undefined) throw refuse(text, at, wrong);
      at = close;
      continue;
    }
    if (char === COMMA) values += 1;
    else if (char === OPEN_OBJECT || char === OPEN_LIST) {
      values += 1;
      if (names.length >= MAX_DEPTH) throw refuse(text, 0, limit(MAX_DEPTH, "levels"));
      names.push(char === OPEN_OBJECT ? new Set() : undefined);
    } else if (char === CLOSE_OBJECT || char === CLOSE_LIST) names.pop();
    if (values > LIMITS.maxValues) throw tooMany();
    at += 1;
  }
  return values;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

/** Names are compared decoded: `"a"` and `"\u0061"` are one name. */
function addName(names: Set<string> | undefined, text: string, start: number, end: number): void {
  const quoted = text.slice(start, end);
  const name = quoted.includes("\\") ? decode(quoted) : quoted.slice(1, -1);
  if (name === "__proto__") throw refuse(text, start, { got: "a member named __proto__", expected: "no such name" });
  if (names === undefined) return;
  if (names.has(name))
    throw refuse(text, start, { got: "a name that comes twice in one object", expected: "each name once" });
  if (names.size >= LIMITS.maxNames) throw refuse(text, start, limit(LIMITS.maxNames, "names in one object"));
  names.add(name);
}

function decode(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch (cause) {
    throw new SyncError("INVALID_JSON", "The body is not JSON.", { field: "body", expected: "JSON" }, cause);
  }
}

function limit(most: number, what: string): { readonly got: string; readonly expected: string } {
  return { got: `more than ${most} ${what}`, expected: `at most ${most} ${what}` };
}

function refuse(text: string, at: number, details: ErrorDetails): SyncError {
  const field = pathAt(text, at);
  return new SyncError("INVALID_JSON", `The body has ${details.got} (at ${field}).`, {
    field,
    ...details,
    position: at,
  });
}

function tooMany(): SyncError {
  const facts = { field: "body", ...limit(LIMITS.maxValues, "values") };
  return new SyncError("TOO_LARGE", `The body has ${facts.got}; send fewer documents at a time.`, facts);
}
