import type { Machine } from "../till/machine.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { checkManifests } from "./manifest.ts";
import { type Entry, hasTables, livesOf, type TillView, viewOf } from "./till-view.ts";

/**
 * What must hold on one till at any moment at which its process is down or idle: I2, I3, I4, I5, I9 (its own part), I17,
 * I34.
 * Asked after every crash, and at the end.
 */
export function checkTill(machine: Machine, acknowledged: Acknowledged): void {
  if (!hasTables(machine)) {
    if (machine.ledger.told.length > 0)
      machine.options.chronicle.violate("I2", `${machine.name} lost its whole database`);
    return;
  }
  const view = viewOf(machine);
  checkChain(machine, view);
  checkTold(machine, view);
  checkTogether(machine, view);
  checkIntents(machine, view);
  checkEdits(machine, view);
  checkReceipts(machine, view);
  checkManifests(machine, view);
  checkMarks(machine, acknowledged);
}

/** I5, the till's side: it counts as delivered only what a server has acknowledged. */
export function checkMarks(machine: Machine, acknowledged: Acknowledged): void {
  const { terminal } = machine.options.settings;
  for (const { incarnation, durableThrough } of livesOf(machine)) {
    const ever = acknowledged.ever(terminal, incarnation);
    if (durableThrough > ever)
      violate(machine, "I5", `counts ${incarnation} as delivered up to ${durableThrough}; the centre said ${ever}`);
  }
}

/** I9: gapless, chained, and every byte as it was written. */
function checkChain(machine: Machine, { entries }: TillView): void {
  for (const entry of entries) {
    if (!entry.follows) violate(machine, "I9", `${at(entry)} does not follow the change before it`);
    if (!entry.intact && !machine.rotten.has(at(entry))) violate(machine, "I9", `${at(entry)} does not fit its hash`);
  }
}

/** I2: whatever a cashier was told is there, where it was said to be. */
function checkTold(machine: Machine, { entries }: TillView): void {
  const byPlace = new Map(entries.flatMap((entry) => placesOf(entry).map((place) => [place, entry])));
  for (const told of machine.ledger.told) {
    const entry = byPlace.get(`${at(told)} ${told.hash}`);
    if (entry === undefined) {
      violate(machine, "I2", `${told.kind} ${told.localId} (receipt ${told.receiptNumber}) was told and is gone`);
      continue;
    }
    const what = entry.said;
    const same = entry.localId === told.localId && entry.kind === told.kind;
    const sameMoney = told.amountMinor === null || what.amountMinor === told.amountMinor;
    const sameReceipt = what.receiptNumber === told.receiptNumber;
    if (!same) violate(machine, "I2", `${at(told)} is another change than was told`);
    else if ((!sameMoney || !sameReceipt) && entry.intact)
      violate(machine, "I2", `${told.localId} says something else than was told`);
  }
}

/** Where a change stands, and where it stood before its till began a new life. */
export function placesOf({ incarnation, seq, hash, origin }: Entry): string[] {
  const places = [`${at({ incarnation, seq })} ${hash}`];
  return origin === null ? places : [...places, `${at(origin)} ${origin.hash}`];
}

/**
 * What came back from the centre was sold by this till before its database was put back, or by its twin. It stands in a life
 * that ended. When that life parts once more, it moves on with its origin; what this till told a cashier itself is none of it.
 */
function returnedOn(machine: Machine, { lives }: TillView): (entry: Entry) => boolean {
  if (machine.suspect === null) return () => false;
  const present = lives.at(-1)?.ordinal;
  const own = new Set(machine.ledger.told.map((told) => `${at(told)} ${told.hash}`));
  return (entry) =>
    entry.ordinal !== present || (entry.origin !== null && !placesOf(entry).some((place) => own.has(place)));
}

/** I4: change, receipt number and the POS's own row are there together or not at all. */
function checkTogether(machine: Machine, view: TillView): void {
  const { entries, sold } = view;
  const documents = new Map<string, Entry>();
  const isReturned = returnedOn(machine, view);
  for (const entry of entries) {
    if (isReturned(entry) && !sold.has(entry.localId)) continue;
    if (entry.kind === "order.closed" || entry.kind === "transaction.recorded") documents.set(entry.localId, entry);
  }
  for (const [localId, row] of sold) {
    const entry = documents.get(localId);
    const what = entry?.said;
    if (entry === undefined) violate(machine, "I4", `the POS's row of ${localId} has no change`);
    else if (
      machine.suspect === null &&
      entry.intact &&
      (what?.amountMinor !== row.amountMinor || what?.receiptNumber !== row.receipt)
    )
      violate(machine, "I4", `${localId}: the POS's row and the change differ`);
  }
  for (const localId of documents.keys())
    if (!sold.has(localId)) violate(machine, "I4", `the change of ${localId} has no row of the POS`);
  const there = new Set(entries.map(({ localId }) => localId));
  for (const bundle of machine.ledger.bundles) {
    const present = bundle.filter((localId) => there.has(localId)).length;
    if (present !== 0 && present !== bundle.length)
      violate(
        machine,
        "I4",
        `${present} of ${bundle.length} documents of one transaction are there: ${bundle.join(", ")}`,
      );
  }
}

/** I3: a customer pays once, whatever the till answered and however often it was asked. */
function checkIntents(machine: Machine, { entries }: TillView): void {
  // What was put back may be asked for again, and comes back from the centre as well: there it counts once.
  if (machine.suspect !== null) return;
  const times = new Map<string, number>();
  for (const { kind, localId } of entries) {
    if (kind === "order.closed" || kind === "transaction.recorded") times.set(localId, (times.get(localId) ?? 0) + 1);
  }
  for (const localIds of machine.ledger.intents.values()) {
    const sales = [...localIds].reduce((sum, localId) => sum + (times.get(localId) ?? 0), 0);
    if (sales > 1) violate(machine, "I3", `one purchase was recorded ${sales} times: ${[...localIds].join(", ")}`);
  }
}

/** I3, for open orders: an edit that the POS gave a name is recorded once. */
function checkEdits(machine: Machine, { entries }: TillView): void {
  if (machine.suspect !== null) return;
  const edits = new Set<string>();
  for (const { localId, said } of entries) {
    if (said.editId === null) continue;
    const edit = `${said.editId} of ${localId}`;
    if (edits.has(edit)) violate(machine, "I3", `edit ${edit} was recorded twice`);
    edits.add(edit);
  }
}

/**
 * I17: receipt numbers are unique, and count from 1 without a gap for each business date of each life, but for those that
 * the till wrote down as lost.
 */
function checkReceipts(machine: Machine, view: TillView): void {
  const { entries, floors } = view;
  const seen = new Set<string>();
  const last = new Map<string, number>();
  // Behind what came back, the numbers of a life that ended say nothing of those that this till gave in it.
  const isEnded = ({ ordinal }: Entry) => machine.suspect !== null && ordinal !== view.lives.at(-1)?.ordinal;
  for (const entry of entries) {
    if (entry.kind !== "order.closed" || entry.origin !== null || isEnded(entry)) continue;
    const date = entry.businessDate.replaceAll("-", "");
    const day = `${entry.ordinal} ${date}`;
    const from = (last.get(day) ?? 0) + 1;
    const expected = entry.receiptSequence === from ? from : behindFloors(floors, day, from);
    last.set(day, expected);
    if (!entry.intact) continue; // what its paper said can no longer be read; its number still counts
    const { receiptNumber } = entry.said;
    if (receiptNumber === null || seen.has(receiptNumber))
      violate(machine, "I17", `${entry.localId}: ${receiptNumber} was printed twice`);
    seen.add(receiptNumber ?? "");
    const digits = String(expected).padStart(5, "0");
    const wanted = new RegExp(
      `^${machine.options.settings.shortId}${entry.ordinal === 1 ? "" : "R[0-9A-Z]{3}"}-${date}-${digits}$`,
    );
    if (!wanted.test(receiptNumber ?? ""))
      violate(
        machine,
        "I17",
        `${receiptNumber} on ${entry.businessDate} should be number ${digits}: a gap nobody can explain`,
      );
    if (entry.receiptSequence !== expected)
      violate(machine, "I17", `${receiptNumber} is counted as ${entry.receiptSequence}`);
  }
}

/** The number that comes behind those that were passed over from `from` on. */
function behindFloors(floors: TillView["floors"], day: string, from: number): number {
  const passed = floors.find((floor) => floor.day === day && floor.from === from);
  return passed === undefined ? from : behindFloors(floors, day, passed.to + 1);
}

/** The place of a change, as violations name it. */
export function at({ incarnation, seq }: { incarnation: string; seq: number }): string {
  return `${incarnation}/${seq}`;
}

function violate(machine: Machine, invariant: string, what: string): void {
  machine.options.chronicle.violate(invariant, `${machine.name}: ${what}`);
}
