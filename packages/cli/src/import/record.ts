import { type Clock, systemClock } from "@tillsync/engine";
import { SyncError } from "@tillsync/protocol";
import type { ImportedDocument } from "./documents.ts";
import { ImportShifts } from "./import-shifts.ts";
import { type Target, TerminalDoor } from "./terminal-door.ts";

export interface Progress {
  /** Documents done: recorded, there already, or refused. */
  readonly documents: number;
  readonly recorded: number;
  /** Held by the terminal already, with the same content. */
  readonly duplicates: number;
  readonly refused: number;
  readonly shifts: number;
  /** Requests sent again because a terminal did not answer. */
  readonly retries: number;
  /** Business date of the last document. */
  readonly businessDate: string;
}

/** A document that a terminal would not take. */
export interface RefusedDocument {
  readonly document: ImportedDocument;
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
  documents: AsyncIterable<ImportedDocument> | Iterable<ImportedDocument>,
  target: Target | readonly Target[],
  options: RecordOptions = {},
): Promise<Progress> {
  const { clock = systemClock, patienceMs = PATIENCE_MS, signal, onProgress, onRefused } = options;
  const counts = { documents: 0, recorded: 0, duplicates: 0, refused: 0, shifts: 0, retries: 0, businessDate: "" };
  const onRetry = () => {
    counts.retries += 1;
  };
  const targets: readonly Target[] = "url" in target ? [target] : target;
  if (targets.length === 0)
    throw new SyncError("INVALID_INPUT", "An import needs at least one terminal.", { field: "target" });
  const doors = targets.map((each) => new TerminalDoor(each, { clock, patienceMs, signal, onRetry }));
  const tills = doors.map((door) => new ImportShifts(door));
  try {
    for await (const round of rounds(documents, tills.length)) {
      signal?.throwIfAborted();
      const outcomes = await Promise.allSettled(round.map((document, index) => tills[index]?.record(document)));
      for (const [index, outcome] of outcomes.entries()) {
        const document = round[index];
        if (document === undefined) continue;
        counts.documents += 1;
        counts.businessDate = document.businessDate;
        if (outcome.status === "fulfilled") counts[outcome.value === true ? "duplicates" : "recorded"] += 1;
        else tellRefused(document, outcome.reason, onRefused, counts);
      }
      counts.shifts = tills.reduce((sum, till) => sum + till.opened, 0);
      onProgress?.({ ...counts });
    }
    await Promise.all(tills.map((till) => till.close()));
    return { ...counts };
  } finally {
    await Promise.all(doors.map((door) => door.close()));
  }
}

function tellRefused(
  document: ImportedDocument,
  error: unknown,
  onRefused: RecordOptions["onRefused"],
  counts: { refused: number },
): void {
  if (onRefused === undefined || !(error instanceof SyncError) || !OF_THE_DOCUMENT.has(error.code)) throw error;
  counts.refused += 1;
  onRefused({ document, error });
}

/** The documents in groups of `size`, the last one shorter. */
async function* rounds<T>(items: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let round: T[] = [];
  for await (const item of items) {
    if (round.push(item) < size) continue;
    yield round;
    round = [];
  }
  if (round.length > 0) yield round;
}
