const QUOTE = 34;
const BACKSLASH = 92;
const SMALL_U = 117;

/**
 * The rest of a string after its opening quote, at twice the speed of a loop. Only with so many escapes as the body of an
 * order has: the expression remembers each, and millions of them would exhaust its stack.
 */
const REST = /(?:[^"\\]*\\.){0,1000}[^"\\]*"/sy;

/** Index after the closing quote of the string that opens at `start`, or the end of the text when there is none. */
export function endOfString(text: string, start: number): number {
  REST.lastIndex = start + 1;
  if (REST.test(text)) return REST.lastIndex;
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at += 1;
    else if (char === QUOTE) return at + 1;
  }
  return text.length;
}

/**
 * What PostgreSQL has no character for in the string literal `text[start..end)`; undefined when there is nothing of it.
 * Only escapes can bring it: bytes that are no UTF-8 were refused before, and a bare NUL is no JSON.
 */
export function findUnstorable(text: string, start: number, end: number): string | undefined {
  let at = text.indexOf("\\", start);
  while (at !== -1 && at < end) {
    if (text.charCodeAt(at + 1) !== SMALL_U) at += 2;
    else {
      const unit = escapedUnit(text, at);
      if (unit === 0) return "text with NUL (\\u0000)";
      const high = unit >= 0xd800 && unit <= 0xdbff;
      const next = high ? escapedUnit(text, at + 6) : -1;
      const paired = next >= 0xdc00 && next <= 0xdfff;
      if ((high && !paired) || (unit >= 0xdc00 && unit <= 0xdfff)) return "text with a lone surrogate";
      at += paired ? 12 : 6;
    }
    at = text.indexOf("\\", at);
  }
  return undefined;
}

/** The code unit that an escape such as `\u00e6` at `at` stands for; -1 when there is no such escape. */
function escapedUnit(text: string, at: number): number {
  const digits = text.slice(at, at + 6);
  return /^\\u[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits.slice(2), 16) : -1;
}
