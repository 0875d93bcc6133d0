import type { Found, Outcome } from "@tillsync/lanes";
import { SyncError } from "@tillsync/protocol";
import { NUMBER_TAKEN } from "./outcomes.ts";
import { expectedNumberIn } from "./result-classes.ts";

/**
 * The numbers of one control unit. KRA owns the sequence: a number counts when an invoice is accepted under it, and the
 * next one must be the one that KRA expects. So there is one sender, and one number under way.
 */
export interface Numbers {
  /** The number for the next invoice, as far as we know. */
  readonly next: number;
  /** Stored before its invoice is sent. While it is there, nothing else is sent to this unit. */
  readonly bound?: Binding;
}

export interface Binding {
  readonly itemId: string;
  readonly invcNo: number;
  /** What KRA said that it expects, when it refused this number. The number is not given up for that: look-up first. */
  readonly expected?: number;
  /** It was refused as used. */
  readonly isRefused?: true;
}

/** What the sender does next. */
export type Step =
  /** Send the bound invoice with its number. */
  | { readonly do: "send" }
  | { readonly do: "look-up" }
  /** Done with this invoice; the number is used, or free again. */
  | { readonly do: "next" }
  /** Send the invoice with another number: nobody has it under the old one. `alert`: another system uses this PIN. */
  | { readonly do: "renumber"; readonly alert: true }
  /** Nothing goes until a person decides. */
  | { readonly do: "wait-for-person"; readonly code: string };

export interface Numbered {
  readonly numbers: Numbers;
  readonly step: Step;
}

/** What the first sender of a unit begins with: the last number that KRA has, which an operator looked up. */
export function numbersAfter(lastInvcNo: number): Numbers {
  return { next: lastInvcNo + 1 };
}

/**
 * Binds the next number to an invoice. The same invoice keeps the number that it has.
 *
 * @throws SyncError UNSETTLED while another invoice has the number that is under way
 */
export function bind(numbers: Numbers, itemId: string): Numbers {
  const { bound, next } = numbers;
  if (bound?.itemId === itemId) return numbers;
  if (bound === undefined) return { next, bound: { itemId, invcNo: next } };
  const message = `Invoice number ${bound.invcNo} is under way; what became of it has to be known first.`;
  throw new SyncError("UNSETTLED", message, { invcNo: bound.invcNo });
}

/** After the reply to a sale was understood. */
export function afterOutcome(numbers: Numbers, outcome: Outcome): Numbered {
  const { bound, next } = withBinding(numbers);
  switch (outcome.verdict) {
    case "accepted":
      return { numbers: used(next, bound), step: { do: "next" } };
    case "parked":
      // KRA's counter moved for nobody: the number goes to the next invoice.
      return { numbers: { next }, step: { do: "next" } };
    case "retry":
      return { numbers, step: { do: "send" } };
    case "duplicate": {
      const told = expectedNumberIn(outcome.message);
      const expected = told === undefined ? {} : { expected: told };
      return {
        numbers: { next, bound: { itemId: bound.itemId, invcNo: bound.invcNo, isRefused: true, ...expected } },
        step: { do: "look-up" },
      };
    }
    case "unknown":
      return { numbers, step: { do: "look-up" } };
  }
}

/** After a look-up of the bound number was understood. */
export function afterLookUp(numbers: Numbers, found: Found): Numbered {
  const { bound, next } = withBinding(numbers);
  switch (found.verdict) {
    case "there":
      return { numbers: used(next, bound), step: { do: "next" } };
    case "absent":
      return afterAbsence(numbers, bound);
    case "parked":
      if (found.code !== NUMBER_TAKEN) return { numbers, step: { do: "wait-for-person", code: found.code } };
      return renumbered(bound, Math.max(bound.expected ?? 0, bound.invcNo + 1));
    case "unknown":
      return { numbers, step: { do: "look-up" } };
  }
}

/**
 * Nobody has the number. An invoice that was not refused goes out again under the same one: should the lost call arrive
 * after all, the second is then refused as a duplicate, and never a second invoice.
 */
function afterAbsence(numbers: Numbers, bound: Binding): Numbered {
  const { isRefused, expected, invcNo } = bound;
  if (!isRefused) return { numbers, step: { do: "send" } };
  // Ours was too high, or is what is expected: nobody, we included, can have it.
  if (expected !== undefined && expected < invcNo) return renumbered(bound, expected);
  if (expected === invcNo) return { numbers: { ...numbers, bound: fresh(bound) }, step: { do: "send" } };
  // Said to be used, and nobody has it: to go on under another number could declare the sale twice.
  return { numbers, step: { do: "wait-for-person", code: "NUMBER_CONTRADICTED" } };
}

/** An operator has looked, and says which number this invoice is sent with. It is named in who did what. */
export function renumberByPerson(numbers: Numbers, invcNo: number): Numbered {
  return renumbered(withBinding(numbers).bound, invcNo);
}

/** Numbers without an invoice between the first and the last that are known to be used, ascending. */
export function gapsIn(usedNumbers: readonly number[]): number[] {
  const sorted = [...new Set(usedNumbers)].sort((a, b) => a - b);
  return sorted.flatMap((number, index) => {
    const before = sorted[index - 1] ?? number - 1;
    return Array.from({ length: number - before - 1 }, (_, step) => before + 1 + step);
  });
}

function renumbered({ itemId }: Binding, invcNo: number): Numbered {
  return { numbers: { next: invcNo, bound: { itemId, invcNo } }, step: { do: "renumber", alert: true } };
}

function fresh({ itemId, invcNo }: Binding): Binding {
  return { itemId, invcNo };
}

function used(next: number, { invcNo }: Binding): Numbers {
  return { next: Math.max(next, invcNo + 1) };
}

function withBinding({ bound, next }: Numbers): { bound: Binding; next: number } {
  if (bound !== undefined) return { bound, next };
  throw new SyncError("INTERNAL", "A reply came for an invoice that has no number.");
}
