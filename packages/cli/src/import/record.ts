import { type Clock, systemClock } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { ImportedEntry } from "./documents.ts";
import { ImportShifts, type Outcome } from "./import-shifts.ts";
import { type Target, TerminalDoor } from "./terminal-door.ts";

export interface Progress {
  /** Documents done: recorded, there already, or refused. */
  readonly documents: number;
  readonly recorded: number;
  /** Held by the terminal already, with the same content. */
  readonly duplicates: number;
  readonly refused: number;
  /** Documents of an exported file whose receipt number is another now: the terminal gives its own. */
  readonly renumbered: number;
  readonly shifts: number;
  /** Requests sent again because a terminal did not answer. */
  readonly retries: number;
  /** Business date of the last document. */
  readonly businessDate: string;
}

/** A document that a terminal would not take. */
export interface RefusedDocument {
  readonly document: ImportedEntry;
  readonly error: SyncError;
}

export interface RecordOptions {
  /** After each document, or each round of them with several terminals. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Given: documents a terminal refuses are told here and the others follow. Absent: the first one ends the import. */
  readonly onRefused?: ((refused: RefusedDocument) => void) | undefined;
  /** How long one terminal may be away, milliseconds. Default 120,000. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Pick<Clock, "monotonicMs" | "after"> | undefined;
}

/** Longer than a restart with recovery of a large database, short enough to be noticed. */
const PATIENCE_MS = 120_000;

/** Refusals that speak of the document alone; after any other the next document would fare no better. */
const OF_THE_DOCUMENT: ReadonlySet<string> = new Set([
  "INVALID_INPUT",
  "INVALID_JSON",
  "TOTALS_MISMATCH",
  "LOCAL_ID_TAKEN",
  "ORDER_NOT_OPEN",
  "TOO_LARGE",
]);

/**
 * Records documents through running terminals: one, or several in turn (document n goes to terminal n modulo their
 * number, so a second run with the same terminals finds every document where the first put it). Opens a shift per business
 * date and closes the last one at the end. A terminal that is killed and restarted in the middle is waited for; running
 * the whole again after a stop records only what is missing.
 *
 * @throws SyncError of the first refusal (without `onRefused`), UNREACHABLE when patience ends; the signal's reason
 */
export async function recordAll(
  documents: AsyncIterable<ImportedEntry> | Iterable<ImportedEntry>,
  target: Target | readonly Target[],
  options: RecordOptions = {},
): Promise<Progress> {
  const { clock = systemClock, patienceMs = PATIENCE_MS, signal, onProgress, onRefused } = options;
  const counts = startCounts();
  const onRetry = () => {
    counts.retries += 1;
  };
  const targets: readonly Target[] = "url" in target ? [target] : target;
  if (targets.length === 0)
    throw new SyncError("INVALID_INPUT", "An import needs at least one terminal.", { field: "target" });
  const doors = targets.map((each) => new TerminalDoor(each, { clock, patienceMs, signal, onRetry }));
  const tills = doors.map((door) => new ImportShifts(door));
  try {
    for await (const round of rounds(documents, doors)) {
      signal?.throwIfAborted();
      const outcomes = await Promise.allSettled(round.map(({ entry, door }) => tills[door]?.record(entry)));
      for (const [index, outcome] of outcomes.entries()) {
        const document = round[index]?.entry;
        if (document === undefined) continue;
        if (outcome.status === "fulfilled") count(document, outcome.value, counts);
        else tellRefused(document, outcome.reason, onRefused, counts);
      }
      counts.shifts = tills.reduce((sum, till) => sum + till.opened, 0);
      onProgress?.({ ...counts });
    }
    await Promise.all(tills.map((till) => till.finish()));
    return { ...counts };
  } finally {
    await Promise.all(doors.map((door) => door.close()));
  }
}

function startCounts() {
  const counts = { documents: 0, recorded: 0, duplicates: 0, refused: 0, renumbered: 0, shifts: 0, retries: 0 };
  return { ...counts, businessDate: "" };
}

type Counts = ReturnType<typeof startCounts>;

function count(entry: ImportedEntry, outcome: Outcome | undefined, counts: Counts): void {
  counts.businessDate = entry.businessDate;
  // Shifts are counted when they are opened.
  if (outcome === undefined || entry.kind === "shift.opened" || entry.kind === "shift.closed") return;
  counts.documents += 1;
  counts[outcome.duplicate ? "duplicates" : "recorded"] += 1;
  if (outcome.renumbered) counts.renumbered += 1;
}

function tellRefused(
  document: ImportedEntry,
  error: unknown,
  onRefused: RecordOptions["onRefused"],
  counts: Counts,
): void {
  if (onRefused === undefined || !(error instanceof SyncError) || !OF_THE_DOCUMENT.has(error.code)) throw error;
  counts.documents += 1;
  counts.businessDate = document.businessDate;
  counts.refused += 1;
  onRefused({ document, error });
}

/** An entry and the door it goes through. */
interface Sent {
  readonly entry: ImportedEntry;
  readonly door: number;
}

/**
 * The entries in groups that can go out together, at most one for each door: those that a file gives to a terminal go to
 * the one of that name, or all to the first; the others go round.
 */
async function* rounds(
  entries: AsyncIterable<ImportedEntry> | Iterable<ImportedEntry>,
  doors: readonly TerminalDoor[],
): AsyncGenerator<readonly Sent[]> {
  let round: Sent[] = [];
  let turn = 0;
  for await (const entry of entries) {
    const named = doors.findIndex(({ shortId }) => shortId !== undefined && shortId === entry.terminal);
    const door = entry.terminal === undefined ? turn++ % doors.length : Math.max(0, named);
    if (round.some((sent) => sent.door === door)) {
      yield round;
      round = [];
    }
    round.push({ entry, door });
    if (round.length < doors.length) continue;
    yield round;
    round = [];
  }
  if (round.length > 0) yield round;
}
