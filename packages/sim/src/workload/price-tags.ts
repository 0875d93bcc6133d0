import type { LineDraft } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { Random } from "../random.ts";
import type { Machine } from "../till/machine.ts";
import { type Basket, lineMinor } from "./goods.ts";

/** Articles that head office knows. Some of them have no price at some time, or are not there any more. */
export const ARTICLES: readonly string[] = Array.from({ length: 14 }, (_, index) => `article-${index + 10}`);

/** The same basket with one more thing in it, scanned: what it costs is what the till's own price list says. */
export function priced(machine: Machine, random: Random, { lines, amountMinor }: Basket): Basket {
  if (random.chance(0.4)) return { lines, amountMinor };
  const quantity = amountMinor < 0 ? "-1" : String(random.between(1, 3));
  const line = scanned(machine, random.pick(ARTICLES), quantity);
  if (line === undefined) return { lines, amountMinor };
  const { currency } = machine.options.settings;
  return { lines: [...lines, line], amountMinor: amountMinor + lineMinor(quantity, line.unitPrice, currency) };
}

/** Undefined when the till does not know it: the cashier types in something else. */
function scanned(machine: Machine, article: string, quantity: string): LineDraft | undefined {
  try {
    return machine.terminal?.items.lineFor(article, quantity);
  } catch (error) {
    const isUnknown = error instanceof SyncError && (error.code === "NOT_FOUND" || error.code === "NO_PRICE");
    if (!isUnknown)
      machine.options.chronicle.violate("refusal", `${machine.name}: a look-up of ${article} gives ${String(error)}`);
    return undefined;
  }
}
