import { MAX_DEPTH, SyncError } from "@tillsync/protocol";

/** No object of ours has more than a dozen; each costs memory before the schema could refuse it. */
const MAX_NAMES = 1000;

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const COLON = 58;
const POINT = 46;
const CAPITAL_E = 69;
const SMALL_E = 101;

/**
 * Refuses what `JSON.parse` would quietly accept and two readers might understand differently: a name that comes twice
 * in one object, `__proto__`, numbers with a fraction or exponent (design section 5), and nesting deep enough to exhaust
 * a stack or the memory.
 *
 * One pass over the characters before anything is built. It knows only strings, brackets and colons: on valid JSON that
 * is enough to find every name, and invalid JSON is left to `JSON.parse`, which has to accept the text as well. Change
 * bodies are strings here, so their own content is skipped; `parseCanonical` judges it later, change by change.
 *
 * @throws SyncError INVALID_JSON
 */
export function scanJson(text: string): void {
  const names: (Set<string> | undefined)[] = [];
  const end = text.length;
  let at = 0;
  while (at < end) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const close = endOfString(text, at);
      const after = skipSpace(text, close);
      if (text.charCodeAt(after) === COLON) addName(names.at(-1), text.slice(at, close));
      at = close;
      continue;
    }
    if (char === OPEN_OBJECT || char === OPEN_LIST) {
      if (names.length >= MAX_DEPTH) throw refuse(`more than ${MAX_DEPTH} levels`);
      names.push(char === OPEN_OBJECT ? new Set() : undefined);
    } else if (char === CLOSE_OBJECT || char === CLOSE_LIST) {
      names.pop();
    } else if (char === POINT || char === CAPITAL_E || (char === SMALL_E && isDigit(text.charCodeAt(at - 1)))) {
      throw refuse("a number with a fraction or exponent; fractions travel as decimal text");
    }
    at += 1;
  }
}

/** Index after the closing quote, or the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at += 1;
    else if (char === QUOTE) return at + 1;
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

/** Names are compared decoded: `"a"` and `"\u0061"` are one name. */
function addName(names: Set<string> | undefined, quoted: string): void {
  const name = quoted.includes("\\") ? decode(quoted) : quoted.slice(1, -1);
  if (name === "__proto__") throw refuse("a member named __proto__");
  if (names === undefined) return;
  if (names.has(name)) throw refuse("a name that comes twice in one object");
  if (names.size >= MAX_NAMES) throw refuse(`more than ${MAX_NAMES} names in one object`);
  names.add(name);
}

function decode(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch (cause) {
    throw new SyncError("INVALID_JSON", "The body is not JSON.", {}, cause);
  }
}

function isDigit(char: number): boolean {
  return char >= 48 && char <= 57;
}

function refuse(got: string): SyncError {
  return new SyncError("INVALID_JSON", `The body has ${got}.`, { got });
}
