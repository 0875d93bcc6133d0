import type { Element } from "./document.ts";

/** Widths of the usual paper: 58 mm, and 80 mm in two fonts. */
export const COLUMNS = [32, 42, 48] as const;
export type Columns = (typeof COLUMNS)[number];

/** An element at its place: every line fits the paper, and nothing was cut off for it. */
export type Placed =
  | { readonly kind: "line"; readonly text: string; readonly bold: boolean }
  | { readonly kind: "qr"; readonly content: string }
  | { readonly kind: "cut" };

/** Lays a receipt out for a width. Both ways of showing it start from here, so they cannot differ in content. */
export function layOut(document: readonly Element[], columns: Columns): readonly Placed[] {
  return document.flatMap((element): readonly Placed[] => {
    switch (element.kind) {
      case "text": {
        const lines = wrap(printable(element.text), columns);
        return lines.map((text) => line(element.align === "center" ? centre(text, columns) : text, element.bold));
      }
      case "row":
        return rowLines(printable(element.left), printable(element.right), columns).map((text) =>
          line(text, element.bold),
        );
      case "rule":
        return [line("-".repeat(columns))];
      default:
        return [element];
    }
  });
}

const line = (text: string, bold: boolean = false): Placed => ({ kind: "line", text, bold });

function rowLines(left: string, right: string, columns: number): readonly string[] {
  // The right side gets at most half of the paper; a longer one has lines of its own.
  if (right.length > columns / 2 && left.length + right.length + 1 > columns)
    return [...wrap(left, columns), ...wrap(right, columns).map((text) => text.padStart(columns))];
  const lefts = wrap(left, columns - right.length - 1);
  const last = lefts.at(-1) ?? "";
  return [...lefts.slice(0, -1), `${last}${right.padStart(columns - last.length)}`];
}

const centre = (text: string, columns: number) => `${" ".repeat(Math.floor((columns - text.length) / 2))}${text}`;

/** At spaces where there are any, in the middle of a word where it is longer than the paper is wide. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const isWord = space <= 0 || rest.slice(0, space).trim() === "";
    lines.push(rest.slice(0, isWord ? width : space));
    rest = rest.slice(isWord ? width : space + 1);
  }
  return [...lines, rest];
}

const SPELT: Readonly<Record<string, string>> = {
  "’": "'",
  "‘": "'",
  "“": '"',
  "”": '"',
  "–": "-",
  "—": "-",
  "…": "...",
};

/**
 * Text as code page 858 has it: Latin letters with their accents, and the euro. Other accents are taken off, and what is left
 * becomes a question mark, so that people see that something is there. Control characters are among that: a name that
 * holds a printer's command must not be obeyed by it.
 */
export function printable(text: string): string {
  return Array.from(text.normalize("NFC"), (sign) => {
    if (isOnPage(sign)) return sign;
    const plain = SPELT[sign] ?? (/\s/u.test(sign) ? " " : sign.normalize("NFKD").replace(/\p{M}/gu, ""));
    return plain !== "" && Array.from(plain).every(isOnPage) ? plain : "?";
  }).join("");
}

const isOnPage = (sign: string) => /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u00ff€]$/.test(sign);
