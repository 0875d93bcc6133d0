import { prng } from "./prng.ts";

/** An article of the made-up shop. */
export interface Item {
  /** GTIN-13 with its check digit, from the range 20-29 that GS1 leaves to shops: it is no real article. */
  readonly gtin: string;
  readonly name: string;
  /** With VAT; per piece, or per kilogram. */
  readonly unitPrice: string;
  readonly taxCode: "A" | "B";
  readonly isWeighed: boolean;
}

const GOODS = [
  "Bread",
  "Milk",
  "Sugar",
  "Rice",
  "Maize flour",
  "Tea",
  "Coffee",
  "Soap",
  "Candles",
  "Matches",
  "Salt",
  "Eggs",
] as const;
const WEIGHED = ["Bananas", "Tomatoes", "Onions", "Potatoes", "Beef", "Avocado"] as const;
const BRANDS = ["Acacia", "Baobab", "Savanna", "Highland", "Lakeside"] as const;

/** The articles of the shop that a seed makes: every kind of goods of every brand, and weighed ones. */
export function seededItems(seed: number): readonly [Item, ...Item[]] {
  const random = prng(seed + 1);
  const make = (name: string, isWeighed: boolean): Item => {
    const gtin = withCheckDigit(`20${String(random.whole(0, 9_999_999_999)).padStart(10, "0")}`);
    const unitPrice = `${random.whole(10, 900)}.${random.pick(["00", "50", "99"])}`;
    return { gtin, name, unitPrice, taxCode: random.chance(0.7) ? "A" : "B", isWeighed };
  };
  const packed = GOODS.flatMap((goods) => BRANDS.map((brand) => make(`${brand} ${goods}`, false)));
  return [make("Carrots", true), ...WEIGHED.map((goods) => make(goods, true)), ...packed];
}

/**
 * The 13 digits of a GTIN from its first twelve: weights 1 and 3 in turn, and what is missing to the next ten (GS1 General
 * Specifications, section 7.9).
 */
export function withCheckDigit(twelve: string): string {
  let sum = 0;
  for (const [index, digit] of [...twelve].entries()) sum += Number(digit) * (index % 2 === 0 ? 1 : 3);
  return `${twelve}${(10 - (sum % 10)) % 10}`;
}
