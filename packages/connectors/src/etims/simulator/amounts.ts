import { taxRates } from "./code-lists.ts";
import { hundredths } from "./fields.ts";
import type { EtimsSettings } from "./settings.ts";
import type { Json } from "./state.ts";

/** Half up, for whole numbers that are not negative. */
function divideHalfUp(amount: bigint, divisor: bigint): number {
  return Number((amount * 2n + divisor) / (divisor * 2n));
}

/** The amount without its tax. `percent` may have two decimals at most. */
export function taxableCents(totalCents: number, percent: number): number {
  return divideHalfUp(BigInt(totalCents) * 10_000n, 10_000n + BigInt(Math.round(percent * 100)));
}

export function decimalText(scaled: number): string {
  const digits = String(Math.abs(scaled)).padStart(3, "0");
  return `${scaled < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** The fields have been looked at before: what is no number is taken for none. */
function cents(object: Json, name: string): number {
  return hundredths(object[name]) ?? 0;
}

interface Expected {
  readonly name: string;
  readonly want: number;
  readonly got: number;
}

const differs = ({ want, got }: Expected): boolean => want !== got;

/** What is wrong with the amounts of a sale, in the service's words; undefined when nothing is. */
export function amountFault(sale: Json, lines: readonly Json[], settings: EtimsSettings): string | undefined {
  const rates = taxRates(settings);
  for (const [letter, percent] of Object.entries(rates)) {
    const found = hundredths(sale[`taxRt${letter}`]);
    if (found !== Math.round(percent * 100))
      return `Rule taxRt${letter} failed: Tax rate mismatch. Expected: ${percent.toFixed(2)}, Found: ${String(sale[`taxRt${letter}`])}`;
  }
  if (settings.amountRule === "off") return undefined;
  for (const [index, line] of lines.entries()) {
    const wrong = lineExpectations(line, rates[String(line.taxTyCd)] ?? 0, settings).find(differs);
    if (wrong !== undefined) return `Invalid ${wrong.name} on item: ${index + 1}. ${expectation(wrong)}`;
  }
  const wrong = headerExpectations(sale, lines, Object.keys(rates)).find(differs);
  return wrong && `Invalid ${wrong.name}. ${expectation(wrong)}`;
}

function expectation({ want, got }: Expected): string {
  return `Expected: ${decimalText(want)}, But Found: ${decimalText(got)}`;
}

function lineExpectations(line: Json, percent: number, settings: EtimsSettings): Expected[] {
  const got = (name: string) => cents(line, name);
  const splyAmt = divideHalfUp(BigInt(got("qty")) * BigInt(got("prc")), 100n);
  const totAmt = splyAmt - got("dcAmt");
  const isOldSample = settings.amountRule === "old-sample";
  const taxblAmt = isOldSample ? totAmt : taxableCents(Math.max(totAmt, 0), percent);
  const taxAmt = totAmt - taxableCents(Math.max(totAmt, 0), percent);
  return Object.entries({ splyAmt, totAmt, taxblAmt, taxAmt }).map(([name, want]) => ({ name, want, got: got(name) }));
}

function headerExpectations(sale: Json, lines: readonly Json[], letters: readonly string[]): Expected[] {
  const sum = (of: readonly Json[], name: string) => of.reduce((total, line) => total + cents(line, name), 0);
  const byLetter = letters.flatMap((letter) => {
    const own = lines.filter((line) => line.taxTyCd === letter);
    return [
      { name: `taxblAmt${letter}`, want: sum(own, "taxblAmt") },
      { name: `taxAmt${letter}`, want: sum(own, "taxAmt") },
    ];
  });
  const totals = [
    { name: "totTaxblAmt", want: sum(lines, "taxblAmt") },
    { name: "totTaxAmt", want: sum(lines, "taxAmt") },
    { name: "totAmt", want: sum(lines, "totAmt") },
  ];
  return [...byLetter, ...totals].map(({ name, want }) => ({ name, want, got: cents(sale, name) }));
}
