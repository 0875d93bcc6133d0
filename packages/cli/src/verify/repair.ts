import { setTimeout as pause } from "node:timers/promises";
import { LIMITS, type Missing, runsOf } from "@tillsync/protocol";
import type { Difference } from "./compare.ts";
import { RowByRow } from "./compare-life.ts";
import { openJournal, type TillJournal } from "./journal-side.ts";
import { type Ledger, openLedger } from "./ledger-side.ts";
import type { TillDoor } from "./till-door.ts";
import { type Verification, type VerifyOptions, verify } from "./verify.ts";

/** A change of which at least one side has not the right bytes. */
interface WrongRow extends Missing {
  isOnTill: boolean;
  isAtCentre: boolean;
  /** The centre has no row of it at all. */
  isGone: boolean;
}

type WrongRows = Map<string, WrongRow>;

export interface Repaired extends Verification {
  readonly repair: {
    /** Changes that were wrong on a side, and are right on both. */
    readonly healed: number;
    /** Changes that are not: nobody has them intact, or they did not come back in time. */
    readonly left: readonly Missing[];
    readonly isTillRunning: boolean;
  };
}

export interface RepairOptions extends VerifyOptions {
  readonly till: TillDoor;
  readonly onRepair?: (healed: number, of: number) => void;
}

/** Wrong rows that one pass keeps in mind; what is beyond is found by the next. */
const MAX_WRONG = 10_000;
/** Passes over everything: what could not be told behind a lost change can be when that one is back. */
const MAX_PASSES = 5;
/** Waits for rows to come back, while none does; each that comes begins them anew. */
const PAUSES_MS = [50, 100, 200, 400, 800, 1600, 3200];

/**
 * Compares both sides, and has the till's exchanges bring back what is wrong on either, from the copy that fits the chain.
 * Each side looks at its own rows before anything is replaced. Rows that neither side has intact are left as they are.
 */
export async function repair(options: RepairOptions): Promise<Repaired> {
  const { till } = options;
  let healed = 0;
  await till.send();
  for (let pass = 1; ; pass++) {
    const wrong: WrongRows = new Map();
    const onDifference = (found: Difference) => {
      options.onDifference?.(found);
      if (wrong.size < MAX_WRONG) note(wrong, found);
    };
    const verification = await verify({ ...options, onDifference });
    const left = await heal(options, wrong, (count) => options.onRepair?.(healed + count, healed + wrong.size));
    const came = wrong.size - left.size;
    healed += came;
    if (came > 0 && pass < MAX_PASSES) continue;
    const places = [...left.values()].map(({ incarnation, seq }) => ({ incarnation, seq }));
    return { ...verification, repair: { healed, left: places, isTillRunning: till.isRunning } };
  }
}

/** @returns what is still wrong */
async function heal(
  { file, centre, till, pageRows }: RepairOptions,
  wrong: WrongRows,
  onHealed: (count: number) => void,
): Promise<WrongRows> {
  const left: WrongRows = new Map();
  if (wrong.size === 0) return left;
  const journal = openJournal(file);
  try {
    const ledger = openLedger(centre, journal.terminal, pageRows);
    const rows = [...wrong];
    for (let at = 0; at < rows.length; at += LIMITS.maxRepairs) {
      let batch: WrongRows = new Map(rows.slice(at, at + LIMITS.maxRepairs));
      for (let tries = 0; batch.size > 0 && tries < PAUSES_MS.length; tries++) {
        await ask({ ledger, till }, batch);
        await pause(PAUSES_MS[tries]);
        const now = await stillWrong({ journal, ledger }, batch);
        if (now.size < batch.size) tries = -1;
        onHealed(at + Math.min(LIMITS.maxRepairs, rows.length - at) - now.size - left.size);
        // What nobody has stays: asking for it once was enough.
        batch = now;
        if ([...now.values()].every(({ isOnTill, isAtCentre }) => isOnTill && isAtCentre) && tries > 1) break;
      }
      for (const [key, row] of batch) left.set(key, row);
    }
    return left;
  } finally {
    journal.close();
  }
}

/** Tells each side which of its rows are wrong. */
async function ask({ ledger, till }: { ledger: Ledger; till: TillDoor }, batch: WrongRows): Promise<void> {
  const all = [...batch.values()];
  // Of what the till has lost as well, no empty place is made.
  const atCentre = all.filter(({ isAtCentre, isGone, isOnTill }) => isAtCentre && !(isGone && isOnTill));
  for (const [incarnation, rows] of Map.groupBy(atCentre, (row) => row.incarnation))
    await ledger.mark(
      incarnation,
      rows.map(({ seq }) => seq),
    );
  const places = (rows: readonly WrongRow[]) => rows.map(({ incarnation, seq }) => ({ incarnation, seq }));
  await till.repair({ lacks: places(all.filter(({ isOnTill }) => isOnTill)), sends: places(atCentre) });
}

async function stillWrong(
  { journal, ledger }: { journal: TillJournal; ledger: Ledger },
  batch: WrongRows,
): Promise<WrongRows> {
  const found: WrongRows = new Map();
  for (const [incarnation, rows] of Map.groupBy(batch.values(), (row) => row.incarnation)) {
    const life = journal.lives.find((candidate) => candidate.incarnation === incarnation);
    if (life === undefined) continue;
    const one = new RowByRow({ journal, ledger, life }, (difference) => {
      if (batch.has(keyOf(difference))) note(found, difference);
    });
    const seqs = rows.map(({ seq }) => seq).sort((a, b) => a - b);
    for (const run of runsOf(seqs, 1)) await one.compare(run);
  }
  return found;
}

function keyOf({ incarnation, seq }: Pick<Difference, "incarnation" | "seq">): string {
  return `${incarnation}/${seq}`;
}

const ON_TILL = new Set(["missing on the till", "damaged on the till", "other private part on the till"]);
const AT_CENTRE = new Set(["missing at the centre", "damaged at the centre", "other private part at the centre"]);

function note(rows: WrongRows, { incarnation, seq, what }: Difference): void {
  const isOnTill = ON_TILL.has(what);
  const isAtCentre = AT_CENTRE.has(what);
  if (seq === null || !(isOnTill || isAtCentre)) return;
  const key = keyOf({ incarnation, seq });
  const row = rows.get(key) ?? { incarnation, seq, isOnTill: false, isAtCentre: false, isGone: false };
  row.isOnTill ||= isOnTill;
  row.isAtCentre ||= isAtCentre;
  row.isGone ||= what === "missing at the centre";
  rows.set(key, row);
}
