import type { CashMove, ShiftClosing, ShiftReport } from "@tillsync/engine";
import type { Random } from "../random.ts";
import type { Machine } from "../till/machine.ts";
import { attempt } from "./attempt.ts";

/** Opens a shift, with money in the drawer or without. */
export function openDrawer(machine: Machine, random: Random, localId: string): void {
  const float = random.chance(0.6) ? { openingFloatMinor: random.below(100_000) } : {};
  const opening = { localId, operator: "Amina", ...float };
  const outcome = attempt(
    machine,
    (tx) => {
      tx.openShift(opening);
      return [];
    },
    ["SHIFT_ALREADY_OPEN"],
  );
  machine.options.chronicle.note("shift-open", machine.name, outcome.kind);
}

export function cashMove(random: Random, localId: string): CashMove {
  const amountMinor = random.between(1, 50_000);
  const base = { localId, amountMinor, reason: "a reason", operator: "Amina" };
  if (random.chance(0.4)) return { ...base, direction: "in", type: random.pick(["PaidIn", "Loan"]) };
  return { ...base, direction: "out", type: random.pick(["PaidOut", "Pickup"]) };
}

/**
 * Counts the drawer, or not, and closes the shift; a closing whose answer was lost is sent again as it was. Over and short
 * are what the cashier made them, and the X report before it says the same as the closing.
 *
 * @returns the closing when nobody knows what became of it
 */
export function closeDrawer(machine: Machine, random: Random, doubtful: ShiftClosing | null): ShiftClosing | null {
  const { chronicle } = machine.options;
  const before = reportAt(machine);
  const off = random.between(-3, 3);
  const closing = doubtful ?? closingOf(random, before, off);
  if (doubtful !== null) chronicle.hit("pos.closes-again");
  let told: ShiftReport | undefined;
  const expected = machine.suspect === "rolled back" || doubtful === null ? (["SHIFT_NOT_OPEN"] as const) : [];
  const outcome = attempt(
    machine,
    (tx) => {
      told = tx.closeShift(closing).report;
      return [];
    },
    expected,
  );
  chronicle.note("shift-close", machine.name, outcome.kind);
  if (outcome.kind === "unknown") return closing.localId === undefined ? null : closing;
  if (outcome.kind === "refused") return doubtful !== null && outcome.code !== "SHIFT_NOT_OPEN" ? doubtful : null;
  // A change that rotted since the X report read it is in that, and not in what the closing adds up anew.
  if (told === undefined || doubtful !== null || before === null || machine.rotten.size > 0) return null;
  for (const { tender, amountMinor } of told.overShort)
    if (amountMinor !== off)
      chronicle.violate("I34", `${machine.name}: ${tender} is over by ${off}, the closing says ${amountMinor}`);
  const same = JSON.stringify({ ...told, counted: [], overShort: [] }) === JSON.stringify(before);
  if (!same) chronicle.violate("I34", `${machine.name}: the X report of ${told.localId} and its closing differ`);
  return null;
}

/** Null without a shift, and when the screen is dark. */
function reportAt(machine: Machine): ShiftReport | null {
  try {
    return machine.terminal?.shiftReport() ?? null;
  } catch {
    return null; // told by the next thing that is recorded
  }
}

function closingOf(random: Random, before: ShiftReport | null, off: number): ShiftClosing {
  if (before === null) return { operator: "Amina" };
  const counted = before.expected
    .filter(() => random.chance(0.7))
    .map(({ currency, tender, amountMinor }) => ({ currency, tender, amountMinor: amountMinor + off }));
  const named = random.chance(0.8) ? { localId: before.localId } : {};
  return { ...named, operator: "Amina", ...(counted.length === 0 ? {} : { counted }) };
}
